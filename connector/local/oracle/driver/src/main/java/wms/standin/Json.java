package wms.standin;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the wire needs of JSON: objects, arrays, strings, whole numbers, true, false, null. An array is an Object[], an
 * object a Map, a number a Long. By hand and over bytes: a snapshot's time must not go into parsing.
 */
final class Json {
    private final byte[] text;
    private final int end;
    private int at;
    /** Elements of the arrays that are being read, one array above the other. */
    private Object[] stack = new Object[64];
    private int depth;

    private Json(byte[] text, int end) {
        this.text = text;
        this.end = end;
    }

    /** Reads one value that fills the first {@code length} bytes. Throws IllegalArgumentException if it is no JSON. */
    static Object read(byte[] text, int length) {
        Json reader = new Json(text, length);
        Object value = reader.value();
        reader.skipSpace();
        if (reader.at != length) {
            throw reader.unexpected();
        }
        return value;
    }

    private Object value() {
        skipSpace();
        byte first = peek();
        switch (first) {
            case '"':
                return string();
            case '[':
                return array();
            case '{':
                return object();
            case 'n':
                return word("null", null);
            case 't':
                return word("true", Boolean.TRUE);
            case 'f':
                return word("false", Boolean.FALSE);
            default:
                return number();
        }
    }

    private Object[] array() {
        at++;
        int start = depth;
        skipSpace();
        if (peek() == ']') {
            at++;
            return new Object[0];
        }
        while (true) {
            Object element = value();
            if (depth == stack.length) {
                stack = Arrays.copyOf(stack, depth * 2);
            }
            stack[depth++] = element;
            if (next(',', ']') == ']') {
                Object[] array = Arrays.copyOfRange(stack, start, depth);
                Arrays.fill(stack, start, depth, null);
                depth = start;
                return array;
            }
        }
    }

    private Map<String, Object> object() {
        at++;
        Map<String, Object> found = new LinkedHashMap<>();
        skipSpace();
        if (peek() == '}') {
            at++;
            return found;
        }
        while (true) {
            skipSpace();
            if (peek() != '"') {
                throw unexpected();
            }
            String key = string();
            next(':', ':');
            found.put(key, value());
            if (next(',', '}') == '}') {
                return found;
            }
        }
    }

    private String string() {
        int start = ++at;
        boolean ascii = true;
        for (; at < end; at++) {
            byte character = text[at];
            if (character == '"') {
                var charset = ascii ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8;
                return new String(text, start, at++ - start, charset);
            }
            if (character == '\\') {
                return escaped(start);
            }
            ascii &= character >= 0;
        }
        throw unexpected();
    }

    private String escaped(int start) {
        StringBuilder found = new StringBuilder();
        int from = start;
        for (; at < end; at++) {
            byte character = text[at];
            if (character != '"' && character != '\\') {
                continue;
            }
            found.append(new String(text, from, at - from, StandardCharsets.UTF_8));
            if (character == '"') {
                at++;
                return found.toString();
            }
            at++;
            found.append(escape());
            from = at + 1;
        }
        throw unexpected();
    }

    /** Leaves {@code at} on the escape's last byte. */
    private char escape() {
        switch (peek()) {
            case 'n':
                return '\n';
            case 't':
                return '\t';
            case 'r':
                return '\r';
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'u':
                if (at + 4 >= end) {
                    throw unexpected();
                }
                char code = (char) Integer.parseInt(new String(text, at + 1, 4, StandardCharsets.ISO_8859_1), 16);
                at += 4;
                return code;
            default:
                return (char) peek();
        }
    }

    private Long number() {
        int start = at;
        while (at < end && (text[at] == '-' || (text[at] >= '0' && text[at] <= '9'))) {
            at++;
        }
        if (at == start) {
            throw unexpected();
        }
        return Long.valueOf(new String(text, start, at - start, StandardCharsets.ISO_8859_1));
    }

    private <T> T word(String word, T value) {
        for (int i = 0; i < word.length(); i++, at++) {
            if (peek() != word.charAt(i)) {
                throw unexpected();
            }
        }
        return value;
    }

    private byte next(char one, char other) {
        skipSpace();
        byte found = peek();
        if (found != one && found != other) {
            throw unexpected();
        }
        at++;
        return found;
    }

    private void skipSpace() {
        while (at < end && text[at] <= ' ' && text[at] >= 0) {
            at++;
        }
    }

    private byte peek() {
        if (at >= end) {
            throw unexpected();
        }
        return text[at];
    }

    private IllegalArgumentException unexpected() {
        int start = Math.max(0, at - 40);
        String near = new String(text, start, Math.min(80, end - start), StandardCharsets.UTF_8);
        return new IllegalArgumentException("no JSON at byte " + at + ": …" + near);
    }

    /** The text of a value that {@link #read} gives, or of a Number, Iterable or String[]. No newline is in it. */
    static String write(Object value) {
        StringBuilder text = new StringBuilder();
        write(value, text);
        return text.toString();
    }

    private static void write(Object value, StringBuilder to) {
        if (value instanceof String string) {
            quote(string, to);
        } else if (value instanceof Map<?, ?> map) {
            String separator = "{";
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                to.append(separator);
                quote((String) entry.getKey(), to);
                write(entry.getValue(), to.append(':'));
                separator = ",";
            }
            to.append(map.isEmpty() ? "{}" : "}");
        } else if (value instanceof Object[] array) {
            write(Arrays.asList(array), to);
        } else if (value instanceof Iterable<?> elements) {
            to.append('[');
            String separator = "";
            for (Object element : elements) {
                write(element, to.append(separator));
                separator = ",";
            }
            to.append(']');
        } else if (value == null || value instanceof Boolean || value instanceof Integer || value instanceof Long) {
            to.append(value);
        } else {
            throw new IllegalArgumentException("the wire has no " + value.getClass().getName());
        }
    }

    private static void quote(String string, StringBuilder to) {
        to.append('"');
        for (int i = 0; i < string.length(); i++) {
            char character = string.charAt(i);
            if (character == '"' || character == '\\') {
                to.append('\\').append(character);
            } else if (character < ' ' || Character.isSurrogate(character)) {
                // A lone surrogate has no UTF-8.
                to.append(String.format("\\u%04x", (int) character));
            } else {
                to.append(character);
            }
        }
        to.append('"');
    }
}
