package wms.standin;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a URL leads: hosts in the order in which they are tried, and a service or a SID.
 *
 * <p>Forms: {@code @host[:port]/service}, {@code @//host[:port]/service}, {@code @host:port:sid} and
 * {@code @(DESCRIPTION=…)} with any number of ADDRESSes (Oracle Database JDBC Developer's Guide, "Database URLs and
 * Database Specifiers"). TLS is refused.
 */
record Address(List<Host> hosts, String service, String sid) {
    record Host(String name, int port) {}

    static final String PREFIX = "jdbc:oracle:thin:@";
    private static final int DEFAULT_PORT = 1521;

    /** Host, port, then /service[:server][/instance] or :sid, then ?parameters. */
    private static final Pattern EASY = Pattern.compile(
            "(?:(?:tcp:)?//)?(\\[[^\\]]+\\]|[^/:?()]+)(?::(\\d+))?"
                    + "(?:/([^/:?()]+)(?::[^/?()]*)?(?:/[^?()]*)?|:([^/:?()]+))(?:\\?.*)?");
    private static final Pattern PAIR =
            Pattern.compile("\\(\\s*([A-Z_]+)\\s*=\\s*([^()\\s]+)\\s*\\)", Pattern.CASE_INSENSITIVE);
    private static final Pattern HOST = Pattern.compile(
            "\\(\\s*ADDRESS\\s*=((?:\\s*" + PAIR.pattern() + ")+)\\s*\\)", Pattern.CASE_INSENSITIVE);

    static Address of(String url) throws SQLException {
        String rest = url.substring(PREFIX.length()).strip();
        if (rest.toLowerCase().startsWith("tcps:")) {
            throw Errors.notSupported("TLS: " + rest);
        }
        return rest.startsWith("(") ? ofDescription(rest) : ofEasy(rest);
    }

    private static Address ofEasy(String text) throws SQLException {
        Matcher match = EASY.matcher(text);
        if (!match.matches()) {
            throw Errors.ofDriver(Errors.INVALID_URL, text);
        }
        String name = match.group(1).replaceAll("[\\[\\]]", "");
        int port = match.group(2) == null ? DEFAULT_PORT : Integer.parseInt(match.group(2));
        return new Address(List.of(new Host(name, port)), match.group(3), match.group(4));
    }

    private static Address ofDescription(String text) throws SQLException {
        List<Host> hosts = new ArrayList<>();
        for (Matcher match = HOST.matcher(text); match.find(); ) {
            Map<String, String> pairs = pairs(match.group(1));
            if (!pairs.getOrDefault("PROTOCOL", "TCP").equalsIgnoreCase("TCP")) {
                throw Errors.notSupported("PROTOCOL=" + pairs.get("PROTOCOL"));
            }
            if (pairs.containsKey("HOST")) {
                String port = pairs.getOrDefault("PORT", String.valueOf(DEFAULT_PORT));
                hosts.add(new Host(pairs.get("HOST"), Integer.parseInt(port)));
            }
        }
        Map<String, String> all = pairs(text);
        if (hosts.isEmpty() || (all.get("SERVICE_NAME") == null && all.get("SID") == null)) {
            throw Errors.ofDriver(Errors.INVALID_URL, text);
        }
        return new Address(List.copyOf(hosts), all.get("SERVICE_NAME"), all.get("SID"));
    }

    private static Map<String, String> pairs(String text) {
        Map<String, String> found = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (Matcher match = PAIR.matcher(text); match.find(); ) {
            found.putIfAbsent(match.group(1), match.group(2));
        }
        return found;
    }
}
