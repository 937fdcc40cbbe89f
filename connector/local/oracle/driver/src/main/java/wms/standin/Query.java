package wms.standin;

import java.math.BigDecimal;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** java.sql.Statement, PreparedStatement and CallableStatement; the two latter have their SQL and binds. */
final class Query {
    private static final int DEFAULT_FETCH_SIZE = 10; // as ojdbc's

    private final Session session;
    private final String prepared;
    private final Object[] binds;
    private final boolean[] bound;
    private final Statement face;

    private int fetchSize = DEFAULT_FETCH_SIZE;
    private int timeout;
    private Rows rows;
    private int updated = -1;
    private boolean closed;

    Query(Session session, Class<? extends Statement> type, String prepared) {
        this.session = session;
        this.prepared = prepared;
        binds = new Object[prepared == null ? 0 : markers(prepared)];
        bound = new boolean[binds.length];
        face = Facade.of(type, this);
    }

    Statement face() {
        return face;
    }

    int fetchSize() {
        return fetchSize;
    }

    int timeout() {
        return timeout;
    }

    @Override
    public String toString() {
        return prepared == null ? "Statement" : prepared;
    }

    // Execution.

    public boolean execute(String sql) throws SQLException {
        run(sql, List.of());
        return rows != null;
    }

    public ResultSet executeQuery(String sql) throws SQLException {
        run(sql, List.of());
        return result();
    }

    public int executeUpdate(String sql) throws SQLException {
        run(sql, List.of());
        return Math.max(updated, 0);
    }

    public boolean execute() throws SQLException {
        run(prepared, values());
        return rows != null;
    }

    public ResultSet executeQuery() throws SQLException {
        run(prepared, values());
        return result();
    }

    public int executeUpdate() throws SQLException {
        run(prepared, values());
        return Math.max(updated, 0);
    }

    private void run(String sql, List<Object> values) throws SQLException {
        requireOpen();
        closeRows();
        updated = -1;
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("op", "execute");
        request.put("sql", sql);
        request.put("binds", values);
        request.put("fetch", fetchSize);
        request.put("timeout", timeout);
        request.put("autocommit", session.getAutoCommit());
        Map<String, Object> answer = session.wire().ask(request, timeout);
        if (answer.containsKey("columns")) {
            rows = new Rows(session.wire(), this, answer);
        } else {
            updated = ((Long) answer.getOrDefault("updated", 0L)).intValue();
        }
    }

    private ResultSet result() throws SQLException {
        if (rows == null) { // ojdbc executes any statement here
            rows = new Rows(session.wire(), this, Map.of());
        }
        return rows.face();
    }

    public ResultSet getResultSet() {
        return rows == null ? null : rows.face();
    }

    public int getUpdateCount() {
        return updated;
    }

    public boolean getMoreResults() throws SQLException {
        closeRows();
        updated = -1;
        return false;
    }

    // Binds.

    public void setString(int index, String value) throws SQLException {
        bind(index, value);
    }

    public void setInt(int index, int value) throws SQLException {
        bind(index, String.valueOf(value));
    }

    public void setLong(int index, long value) throws SQLException {
        bind(index, String.valueOf(value));
    }

    public void setBigDecimal(int index, BigDecimal value) throws SQLException {
        bind(index, value == null ? null : value.toPlainString());
    }

    public void setTimestamp(int index, Timestamp value) throws SQLException {
        bind(index, value == null ? null : value.toString());
    }

    public void setBytes(int index, byte[] value) throws SQLException {
        bind(index, value == null ? null : HexFormat.of().formatHex(value));
    }

    public void setNull(int index, int type) throws SQLException {
        bind(index, null);
    }

    public void setObject(int index, Object value) throws SQLException {
        if (value == null || value instanceof String || value instanceof Integer || value instanceof Long) {
            bind(index, value == null ? null : value.toString());
        } else if (value instanceof BigDecimal decimal) {
            setBigDecimal(index, decimal);
        } else if (value instanceof Timestamp timestamp) {
            setTimestamp(index, timestamp);
        } else if (value instanceof byte[] bytes) {
            setBytes(index, bytes);
        } else {
            throw Errors.notSupported("setObject of a " + value.getClass().getName());
        }
    }

    public void clearParameters() throws SQLException {
        requireOpen();
        Arrays.fill(bound, false);
    }

    private void bind(int index, String value) throws SQLException {
        requireOpen();
        if (index < 1 || index > binds.length) {
            throw Errors.ofDriver(Errors.INVALID_COLUMN_INDEX);
        }
        binds[index - 1] = value;
        bound[index - 1] = true;
    }

    private List<Object> values() throws SQLException {
        for (int i = 0; i < bound.length; i++) {
            if (!bound[i]) {
                throw Errors.ofDriver(Errors.MISSING_PARAMETER, String.valueOf(i + 1));
            }
        }
        return new ArrayList<>(Arrays.asList(binds));
    }

    /** How many ? stand outside of quotes and comments. */
    static int markers(String sql) {
        int count = 0;
        for (int i = 0; i < sql.length(); i++) {
            char character = sql.charAt(i);
            String end = null;
            if (character == '\'' || character == '"') {
                end = String.valueOf(character);
            } else if (sql.startsWith("--", i)) {
                end = "\n";
            } else if (sql.startsWith("/*", i)) {
                end = "*/";
            } else if (character == '?') {
                count++;
            }
            if (end != null) {
                int found = sql.indexOf(end, i + (end.equals("*/") ? 2 : 1));
                i = found < 0 ? sql.length() : found + end.length() - 1;
            }
        }
        return count;
    }

    // Settings.

    public void setFetchSize(int size) throws SQLException {
        requireOpen();
        fetchSize = size == 0 ? DEFAULT_FETCH_SIZE : size;
    }

    public int getFetchSize() {
        return fetchSize;
    }

    public void setFetchDirection(int direction) throws SQLException {
        if (direction != ResultSet.FETCH_FORWARD) {
            throw Errors.notSupported("the fetch direction " + direction);
        }
    }

    /** Bounds each execution and each fetch, as ojdbc does (read in 23.26.1.0.0: OracleStatement.beginTimeout). */
    public void setQueryTimeout(int seconds) throws SQLException {
        requireOpen();
        timeout = seconds;
    }

    public int getQueryTimeout() {
        return timeout;
    }

    public Connection getConnection() throws SQLException {
        requireOpen();
        return session.face();
    }

    /** Debezium asks for it before it closes a result that is not read to its end; then nothing is under way. */
    public void cancel() throws SQLException {
        if (session.wire().isBusy()) {
            throw Errors.notSupported("Statement.cancel() of a call that is under way");
        }
    }

    public boolean isClosed() {
        return closed;
    }

    public void close() throws SQLException {
        closed = true;
        closeRows();
    }

    private void closeRows() throws SQLException {
        Rows open = rows;
        rows = null;
        if (open != null) {
            open.close();
        }
    }

    private void requireOpen() throws SQLException {
        session.requireOpen();
        if (closed) {
            throw Errors.ofDriver(Errors.CLOSED_STATEMENT);
        }
    }

    /** Which interface a prepared statement shows. */
    static PreparedStatement prepared(Session session, String sql) {
        return (PreparedStatement) new Query(session, PreparedStatement.class, sql).face();
    }

    static CallableStatement callable(Session session, String sql) {
        return (CallableStatement) new Query(session, CallableStatement.class, sql).face();
    }
}
