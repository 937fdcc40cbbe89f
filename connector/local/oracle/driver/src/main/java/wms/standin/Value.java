package wms.standin;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.sql.Clob;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.Calendar;
import java.util.HexFormat;
import java.util.Locale;
import javax.sql.rowset.serial.SerialClob;
import oracle.jdbc.OracleTypes;
import oracle.sql.TIMESTAMPTZ;

/** The types of the wire: what a value's text becomes. The Java types are those that ojdbc gives. */
enum Value {
    NUMBER(Types.NUMERIC),
    VARCHAR2(Types.VARCHAR),
    CHAR(Types.CHAR),
    DATE(Types.TIMESTAMP),
    TIMESTAMP(Types.TIMESTAMP),
    TIMESTAMP_WITH_TIME_ZONE(OracleTypes.TIMESTAMPTZ),
    RAW(Types.VARBINARY),
    CLOB(Types.CLOB);

    /** Of java.sql.Types or OracleTypes. */
    final int jdbc;

    Value(int jdbc) {
        this.jdbc = jdbc;
    }

    static Value of(String name) throws SQLException {
        return Arrays.stream(values())
                .filter(value -> value.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> Errors.notSupported("the column type " + name));
    }

    /** The name on the wire and in SQL. */
    @Override
    public String toString() {
        return name().replace('_', ' ');
    }

    Object object(String text) throws SQLException {
        return switch (this) {
            case NUMBER -> decimal(text);
            case VARCHAR2, CHAR -> text;
            case DATE -> Timestamp.valueOf(local(text));
            case TIMESTAMP -> oracle.sql.TIMESTAMP.of(local(text));
            case TIMESTAMP_WITH_TIME_ZONE -> TIMESTAMPTZ.of(offset(text));
            case RAW -> bytes(text);
            case CLOB -> clob(text);
        };
    }

    <T> T object(String text, Class<T> type) throws SQLException {
        Object found;
        if (type == OffsetDateTime.class) {
            found = offset(text);
        } else if (type == ZonedDateTime.class) {
            found = offset(text).toZonedDateTime();
        } else if (type == LocalDateTime.class) {
            found = local(text);
        } else if (type == Timestamp.class) {
            found = timestamp(text, null);
        } else if (type == String.class) {
            found = string(text);
        } else if (type == BigDecimal.class) {
            found = decimal(text);
        } else if (type == Long.class) {
            found = integer(text, Long.MIN_VALUE, Long.MAX_VALUE);
        } else if (type == Integer.class) {
            found = (int) integer(text, Integer.MIN_VALUE, Integer.MAX_VALUE);
        } else if (type == byte[].class) {
            found = bytes(text);
        } else {
            found = object(text);
            if (!type.isInstance(found)) {
                throw Errors.notSupported("getObject of a " + this + " as " + type.getName());
            }
        }
        return type.cast(found);
    }

    String string(String text) {
        return this == RAW ? text.toUpperCase(Locale.ROOT) : text;
    }

    BigDecimal decimal(String text) throws SQLException {
        require(NUMBER, VARCHAR2, CHAR);
        try {
            return new BigDecimal(text.strip());
        } catch (NumberFormatException notOne) {
            throw Errors.ofDriver(Errors.FAIL_CONVERT);
        }
    }

    /** Digits after the point are cut off. */
    long integer(String text, long least, long greatest) throws SQLException {
        require(NUMBER, VARCHAR2, CHAR);
        long found = 0;
        if (text.length() < 19 && isDigits(text)) {
            found = Long.parseLong(text);
        } else {
            BigDecimal whole = decimal(text).setScale(0, RoundingMode.DOWN);
            try {
                found = whole.longValueExact();
            } catch (ArithmeticException tooLarge) {
                throw Errors.ofDriver(Errors.NUMERIC_OVERFLOW);
            }
        }
        if (found < least || found > greatest) {
            throw Errors.ofDriver(Errors.NUMERIC_OVERFLOW);
        }
        return found;
    }

    /** In the calendar's zone; null takes the JVM's. */
    Timestamp timestamp(String text, Calendar calendar) throws SQLException {
        if (this == TIMESTAMP_WITH_TIME_ZONE) {
            return Timestamp.from(offset(text).toInstant());
        }
        LocalDateTime found = local(text);
        return calendar == null
                ? Timestamp.valueOf(found)
                : Timestamp.from(found.atZone(calendar.getTimeZone().toZoneId()).toInstant());
    }

    byte[] bytes(String text) throws SQLException {
        require(RAW, VARCHAR2, CHAR);
        if (this != RAW) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
        try {
            return HexFormat.of().parseHex(text);
        } catch (IllegalArgumentException notHex) {
            throw Errors.ofDriver(Errors.FAIL_CONVERT);
        }
    }

    Clob clob(String text) throws SQLException {
        require(CLOB, VARCHAR2);
        return new SerialClob(text.toCharArray());
    }

    private void require(Value... types) throws SQLException {
        for (Value type : types) {
            if (this == type) {
                return;
            }
        }
        throw Errors.ofDriver(Errors.INVALID_COLUMN_TYPE, this);
    }

    private LocalDateTime local(String text) throws SQLException {
        require(DATE, TIMESTAMP, TIMESTAMP_WITH_TIME_ZONE);
        try {
            return local(text, this == TIMESTAMP_WITH_TIME_ZONE ? text.indexOf(' ', 11) : text.length());
        } catch (DateTimeException | IndexOutOfBoundsException | NumberFormatException broken) {
            throw Errors.ofDriver(Errors.FAIL_CONVERT);
        }
    }

    private OffsetDateTime offset(String text) throws SQLException {
        require(TIMESTAMP_WITH_TIME_ZONE);
        try {
            int zone = text.indexOf(' ', 11);
            return local(text, zone).atOffset(ZoneOffset.of(text.substring(zone + 1)));
        } catch (DateTimeException | IndexOutOfBoundsException broken) {
            throw Errors.ofDriver(Errors.FAIL_CONVERT);
        }
    }

    /** YYYY-MM-DD HH:MM:SS[.fraction]. */
    private static LocalDateTime local(String text, int end) {
        int nanos = 0;
        if (end > 19) {
            nanos = digits(text, 20, end);
            for (int place = end - 20; place < 9; place++) {
                nanos *= 10;
            }
        }
        return LocalDateTime.of(
                digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10),
                digits(text, 11, 13), digits(text, 14, 16), digits(text, 17, 19), nanos);
    }

    private static int digits(String text, int from, int end) {
        int found = 0;
        for (int i = from; i < end; i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                throw new NumberFormatException(text);
            }
            found = found * 10 + digit;
        }
        return found;
    }

    private static boolean isDigits(String text) {
        int from = text.startsWith("-") ? 1 : 0;
        for (int i = from; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return text.length() > from;
    }
}
