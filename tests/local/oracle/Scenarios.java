import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.Calendar;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TimeZone;
import java.util.stream.IntStream;

/**
 * Uses the driver as its callers do. Reads `scenario TAB url TAB argument…` per line, prints what JDBC gave, then a
 * line with a full stop. test_driver.py holds the other end of the wire.
 */
public class Scenarios {
    interface Reading {
        Object get() throws Exception;
    }

    private static final PrintStream OUT = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    private static final List<Class<?>> CLASSES = List.of(
            OffsetDateTime.class, ZonedDateTime.class, LocalDateTime.class, Timestamp.class, String.class,
            BigDecimal.class, Long.class, Integer.class, byte[].class);
    private static final Calendar UTC = Calendar.getInstance(TimeZone.getTimeZone("UTC"));

    public static void main(String[] arguments) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split("\t", -1);
            try {
                Scenarios.class.getDeclaredMethod(words[0], String[].class).invoke(null, (Object) words);
            } catch (InvocationTargetException failed) {
                say("failed " + told(failed.getCause()));
            }
            OUT.println(".");
            OUT.flush();
        }
    }

    private static void say(Object what) {
        OUT.println(String.valueOf(what).replace("\n", "\\n"));
    }

    private static String told(Throwable failure) {
        if (failure instanceof SQLException error) {
            String state = error.getErrorCode() + " " + error.getSQLState();
            return error.getClass().getName() + " " + state + " " + error.getMessage();
        }
        return failure.toString();
    }

    private static void sayResult(String what, Reading reading) {
        say(what + ": " + result(reading));
    }

    private static String result(Reading reading) {
        try {
            return described(reading.get());
        } catch (Throwable failure) {
            return "! " + told(failure).replaceAll("\n.*", "");
        }
    }

    /** Says nothing if there is no such conversion (ORA-17004). */
    private static void sayConversion(String what, Reading reading) {
        String result = result(reading);
        if (!result.contains("ORA-17004")) {
            say(what + ": " + result);
        }
    }

    private static String described(Object value) throws Exception {
        if (value instanceof byte[] bytes) {
            return "byte[] " + HexFormat.of().formatHex(bytes);
        }
        if (value instanceof Clob clob) {
            return "Clob of " + clob.length() + " " + clob.getSubString(1, (int) clob.length());
        }
        if (value instanceof oracle.sql.TIMESTAMPTZ zoned) {
            return "oracle.sql.TIMESTAMPTZ " + zoned.toZonedDateTime();
        }
        if (value instanceof oracle.sql.TIMESTAMP stamp) {
            return "oracle.sql.TIMESTAMP " + stamp.timestampValue();
        }
        return value == null ? "null" : value.getClass().getName() + " " + value;
    }

    private static Connection open(String url) throws SQLException {
        Properties properties = new Properties();
        properties.put("user", "C##DBZ");
        properties.put("password", "geheim");
        properties.put("oracle.net.keepAlive", "true");
        return DriverManager.getConnection(url, properties);
    }

    static void connect(String[] words) throws Exception {
        try (Connection connection = open(words[1])) {
            say("connected " + connection.isValid(3) + " " + connection.getMetaData().getDatabaseProductVersion());
        }
    }

    static void drivers(String[] words) throws Exception {
        try (Connection connection = open(words[1])) {
            say(connection.getMetaData().getDriverName());
        }
        for (Driver driver : Collections.list(DriverManager.getDrivers())) {
            say(driver.getClass().getName());
        }
    }

    /** Every way to read every column that there is for its type. */
    static void types(String[] words) throws Exception {
        try (Connection connection = open(words[1]);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT EVERYTHING")) {
            ResultSetMetaData columns = rows.getMetaData();
            while (rows.next()) {
                for (int i = 1; i <= columns.getColumnCount(); i++) {
                    int column = i;
                    String name = columns.getColumnLabel(i);
                    say(name + " (" + columns.getColumnTypeName(i) + ", " + columns.getColumnType(i) + ")");
                    sayConversion("  getObject", () -> rows.getObject(column));
                    say("  wasNull: " + rows.wasNull());
                    sayConversion("  getString", () -> rows.getString(column));
                    sayConversion("  getString by name", () -> rows.getString(name.toLowerCase()));
                    sayConversion("  getInt", () -> rows.getInt(column));
                    sayConversion("  getLong", () -> rows.getLong(column));
                    sayConversion("  getBigDecimal", () -> rows.getBigDecimal(column));
                    sayConversion("  getTimestamp", () -> rows.getTimestamp(column));
                    sayConversion("  getTimestamp UTC", () -> instant(rows.getTimestamp(column, UTC)));
                    sayConversion("  getBytes", () -> rows.getBytes(column));
                    sayConversion("  getClob", () -> rows.getClob(column));
                    for (Class<?> type : CLASSES) {
                        sayConversion("  getObject " + type.getSimpleName(), () -> rows.getObject(column, type));
                    }
                }
            }
        }
    }

    private static Object instant(Timestamp timestamp) {
        return timestamp == null ? null : timestamp.toInstant();
    }

    /** Binds each argument (hexadecimal UTF-8, `-` for null) and reads it back. */
    static void echo(String[] words) throws Exception {
        String marks = String.join(", ", Collections.nCopies(words.length - 2, "?"));
        try (Connection connection = open(words[1]);
                PreparedStatement statement = connection.prepareStatement("SELECT " + marks)) {
            for (int i = 2; i < words.length; i++) {
                byte[] bytes = words[i].equals("-") ? null : HexFormat.of().parseHex(words[i]);
                statement.setString(i - 1, bytes == null ? null : new String(bytes, StandardCharsets.UTF_8));
            }
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                for (int i = 1; i <= words.length - 2; i++) {
                    String text = rows.getString(i);
                    say(text == null ? "-" : HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8)));
                }
            }
        }
    }

    static void binds(String[] words) throws Exception {
        Connection connection = open(words[1]);
        PreparedStatement statement = connection.prepareStatement(
                "SELECT '?' /* ? */, \"?\", ?, ? -- ?\n FROM T WHERE A IN (?,?,?,?,?,?)");
        sayResult("unbound", statement::executeQuery);
        sayResult("beyond", () -> {
            statement.setString(9, "x");
            return null;
        });
        statement.setInt(1, -7);
        statement.setLong(2, 1L << 53);
        statement.setBigDecimal(3, new BigDecimal("1E+3"));
        statement.setTimestamp(4, Timestamp.valueOf("2024-05-06 07:08:09.123456"));
        statement.setBytes(5, new byte[] {0, (byte) 255});
        statement.setNull(6, Types.VARCHAR);
        statement.setObject(7, 12L);
        statement.setObject(8, "s");
        statement.executeQuery().close();
        sayResult("an odd object", () -> {
            statement.setObject(1, new java.util.Date());
            return null;
        });
        connection.close();
    }

    /** Reads all rows with a fetch size; says how many, and a sum over all values. */
    static void rows(String[] words) throws Exception {
        try (Connection connection = open(words[1]); Statement statement = connection.createStatement()) {
            if (!words[2].isEmpty()) {
                statement.setFetchSize(Integer.parseInt(words[2]));
            }
            long start = System.nanoTime();
            try (ResultSet rows = statement.executeQuery("SELECT * FROM T")) {
                int columns = rows.getMetaData().getColumnCount();
                long count = 0;
                long sum = 0;
                while (rows.next()) {
                    count++;
                    for (int i = 1; i <= columns; i++) {
                        sum += java.util.Objects.hashCode(rows.getObject(i)) & 1;
                    }
                }
                say(count + " rows " + rows.isAfterLast() + " " + rows.next());
                say("milliseconds " + (System.nanoTime() - start) / 1_000_000 + " sum " + sum);
            }
        }
    }

    static void leave(String[] words) throws Exception {
        try (Connection connection = open(words[1]); Statement statement = connection.createStatement()) {
            ResultSet rows = statement.executeQuery("SELECT * FROM T");
            rows.next();
            say("afterLast " + rows.isAfterLast());
            rows.getStatement().cancel();
            rows.close();
            sayResult("closed", rows::next);
            statement.close();
            sayResult("closed", () -> statement.executeQuery("SELECT * FROM T"));
        }
    }

    /** What a failing statement gives, and what the connection is good for afterwards. */
    static void error(String[] words) throws Exception {
        Connection connection = open(words[1]);
        Statement statement = connection.createStatement();
        statement.setFetchSize(2);
        try (ResultSet rows = statement.executeQuery("SELECT * FROM T")) {
            while (rows.next()) {
                say("row " + rows.getString(1));
            }
            say("no error");
        } catch (SQLException failure) {
            say(told(failure));
            say("cause " + failure.getCause());
        }
        say("closed " + connection.isClosed());
        sayResult("again", () -> statement.execute("SELECT 1 FROM DUAL"));
        say("valid " + connection.isValid(3));
        connection.close();
    }

    static void timeout(String[] words) throws Exception {
        Connection connection = open(words[1]);
        Statement statement = connection.createStatement();
        statement.setQueryTimeout(1);
        long start = System.nanoTime();
        sayResult("slow", () -> statement.executeQuery("SELECT SLOW").next());
        say("in time " + (System.nanoTime() - start < 5_000_000_000L));
        say("closed " + connection.isClosed());
        statement.setQueryTimeout(0);
        ResultSet rows = statement.executeQuery("SELECT FAST");
        rows.next();
        say(rows.getString(1));
        connection.close();
    }

    static void transaction(String[] words) throws Exception {
        Connection connection = open(words[1]);
        say("autocommit " + connection.getAutoCommit());
        sayResult("commit", () -> {
            connection.commit();
            return null;
        });
        sayResult("savepoint", () -> connection.setSavepoint("x"));
        connection.createStatement().getConnection().setAutoCommit(false);
        Savepoint savepoint = connection.setSavepoint("dbz_schema_snapshot");
        Statement statement = connection.createStatement();
        say("execute " + statement.execute("UPDATE T SET A = 1") + " " + statement.getUpdateCount());
        say("more " + statement.getMoreResults() + " " + statement.getUpdateCount());
        say("update " + statement.executeUpdate("UPDATE T SET A = 1"));
        say("call " + connection.prepareCall("BEGIN X; END;").execute());
        say("a query of none: " + statement.executeQuery("UPDATE T SET A = 1").next());
        connection.rollback(savepoint);
        connection.rollback();
        connection.commit();
        connection.setReadOnly(true);
        say("read only " + connection.isReadOnly() + ", isolation " + connection.getTransactionIsolation());
        connection.setAutoCommit(true);
        connection.close();
        connection.close();
        say("closed " + connection.isClosed() + ", valid " + connection.isValid(1));
        sayResult("after", connection::createStatement);
    }

    static void abort(String[] words) throws Exception {
        Connection connection = open(words[1]);
        Reading hanging = () -> connection.createStatement().execute("SELECT HANGS");
        Thread other = new Thread(() -> sayResult("the other thread", hanging));
        other.start();
        while (other.getState() != Thread.State.TERMINATED && !hangs(other)) {
            Thread.onSpinWait();
        }
        sayResult("cancel", () -> {
            connection.createStatement().cancel();
            return null;
        });
        connection.abort(Runnable::run);
        other.join();
        say("closed " + connection.isClosed());
    }

    private static boolean hangs(Thread thread) {
        for (StackTraceElement frame : thread.getStackTrace()) {
            if (frame.getMethodName().equals("read")) {
                return true;
            }
        }
        return false;
    }

    static void metadata(String[] words) throws Exception {
        Connection connection = open(words[1]);
        DatabaseMetaData data = connection.getMetaData();
        String version = data.getDatabaseMajorVersion() + "." + data.getDatabaseMinorVersion();
        say(version + " " + data.getDatabaseProductName());
        say(data.getDatabaseProductVersion());
        say(data.getSearchStringEscape() + " " + data.getSQLKeywords().split(",").length);
        say(data.getUserName() + " " + data.getURL().equals(words[1]));
        say(told(data.getTables(null, "MMDL", null, new String[] {"VIEW", "TABLE"})));
        say(told(data.getColumns("WMSPDB1", "MMDL", "PLAN/_BASE/_WVR/_TBL", null)));
        say(told(data.getPrimaryKeys("WMSPDB1", "MMDL", "PLAN_BASE_WVR_TBL")));
        say(told(data.getIndexInfo("WMSPDB1", "\"MMDL\"", "\"T\"", true, true)));
        sayResult("pattern", () -> data.getTables(null, "MMDL", "PLAN_%", null));
        connection.close();
    }

    private static String told(ResultSet rows) throws SQLException {
        int width = rows.getMetaData().getColumnCount();
        StringBuilder text = new StringBuilder();
        while (rows.next()) {
            IntStream.rangeClosed(1, width).forEach(i -> {
                try {
                    text.append(rows.getString(i)).append(i == width ? ";" : ",");
                } catch (SQLException failure) {
                    throw new IllegalStateException(failure);
                }
            });
        }
        return text.toString();
    }

    /** Methods that are not there, of every interface. */
    static void missing(String[] words) throws Exception {
        Connection connection = open(words[1]);
        PreparedStatement statement = connection.prepareStatement("SELECT 1 FROM DUAL");
        ResultSet rows = statement.executeQuery();
        Map<String, Reading> calls = new LinkedHashMap<>();
        calls.put("Connection", connection::createBlob);
        calls.put("unwrap", () -> connection.unwrap(oracle.jdbc.OracleConnection.class));
        calls.put("Statement", statement::executeBatch);
        calls.put("PreparedStatement", () -> {
            statement.setDate(1, null, UTC);
            return null;
        });
        calls.put("ResultSet", rows::previous);
        calls.put("ResultSet as", () -> rows.next() ? rows.getObject(1, java.net.URL.class) : null);
        calls.put("ResultSetMetaData", () -> rows.getMetaData().getPrecision(1));
        calls.put("DatabaseMetaData", () -> connection.getMetaData().getProcedures(null, null, null));
        int scrolling = ResultSet.TYPE_SCROLL_INSENSITIVE;
        calls.put("scrolling", () -> connection.createStatement(scrolling, ResultSet.CONCUR_READ_ONLY));
        calls.put("serializable", () -> {
            connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            return null;
        });
        calls.forEach(Scenarios::sayResult);
        say(connection.equals(connection) + " " + connection.equals(statement) + " " + statement);
        connection.close();
    }
}
