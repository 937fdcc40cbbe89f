package wms.standin;

import java.math.BigDecimal;
import java.sql.Clob;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.util.Calendar;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** java.sql.ResultSet, forward only: holds one batch of rows, and next() fetches the next one. */
final class Rows {
    private final Wire wire;
    private final Query owner;
    private final String[] names;
    private final Value[] types;
    private final Map<String, Integer> positions = new HashMap<>();

    private Object[] batch;
    private Object cursor;
    private int at = -1;
    private Object[] row;
    private boolean exhausted;
    private boolean wasNull;
    private boolean closed;

    /** {@code owner} is null for what DatabaseMetaData gives. */
    Rows(Wire wire, Query owner, Map<String, Object> answer) throws SQLException {
        this.wire = wire;
        this.owner = owner;
        Object[] columns = (Object[]) answer.getOrDefault("columns", new Object[0]);
        names = new String[columns.length];
        types = new Value[columns.length];
        for (int i = 0; i < columns.length; i++) {
            Object[] pair = (Object[]) columns[i];
            names[i] = (String) pair[0];
            types[i] = Value.of((String) pair[1]);
            positions.putIfAbsent(names[i].toUpperCase(Locale.ROOT), i + 1);
        }
        take(answer);
    }

    ResultSet face() {
        return Facade.of(ResultSet.class, this);
    }

    private void take(Map<String, Object> answer) {
        batch = (Object[]) answer.getOrDefault("rows", new Object[0]);
        cursor = answer.get("cursor");
        at = -1;
    }

    public boolean next() throws SQLException {
        requireOpen();
        if (exhausted) {
            return false;
        }
        while (++at >= batch.length) {
            if (cursor == null) {
                exhausted = true;
                row = null;
                return false;
            }
            Object open = cursor;
            cursor = null; // After an error there is nothing left to close.
            take(wire.ask(Map.of("op", "fetch", "cursor", open, "n", owner.fetchSize()), owner.timeout()));
        }
        row = (Object[]) batch[at];
        return true;
    }

    public boolean isAfterLast() throws SQLException {
        requireOpen();
        return exhausted;
    }

    public boolean isClosed() {
        return closed;
    }

    public void close() throws SQLException {
        if (closed) {
            return;
        }
        closed = true;
        batch = null;
        row = null;
        if (cursor != null && !wire.isClosed()) {
            wire.ask(Map.of("op", "close", "cursor", cursor), 0);
        }
    }

    public Statement getStatement() {
        return owner == null ? null : owner.face();
    }

    public ResultSetMetaData getMetaData() {
        return Facade.of(ResultSetMetaData.class, new Columns(names, types));
    }

    public int findColumn(String name) throws SQLException {
        Integer position = positions.get(name.toUpperCase(Locale.ROOT));
        if (position == null) {
            throw Errors.ofDriver(Errors.INVALID_COLUMN_NAME, name);
        }
        return position;
    }

    public boolean wasNull() {
        return wasNull;
    }

    private String text(int column) throws SQLException {
        requireOpen();
        if (row == null) {
            throw Errors.ofDriver(exhausted ? Errors.EXHAUSTED_RESULT_SET : Errors.BEFORE_FIRST_ROW);
        }
        if (column < 1 || column > types.length) {
            throw Errors.ofDriver(Errors.INVALID_COLUMN_INDEX);
        }
        String text = (String) row[column - 1];
        wasNull = text == null;
        return text;
    }

    public String getString(int column) throws SQLException {
        String text = text(column);
        return text == null ? null : types[column - 1].string(text);
    }

    public int getInt(int column) throws SQLException {
        String text = text(column);
        return text == null ? 0 : (int) types[column - 1].integer(text, Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    public long getLong(int column) throws SQLException {
        String text = text(column);
        return text == null ? 0 : types[column - 1].integer(text, Long.MIN_VALUE, Long.MAX_VALUE);
    }

    public BigDecimal getBigDecimal(int column) throws SQLException {
        String text = text(column);
        return text == null ? null : types[column - 1].decimal(text);
    }

    public Timestamp getTimestamp(int column) throws SQLException {
        return getTimestamp(column, null);
    }

    public Timestamp getTimestamp(int column, Calendar calendar) throws SQLException {
        String text = text(column);
        return text == null ? null : types[column - 1].timestamp(text, calendar);
    }

    public byte[] getBytes(int column) throws SQLException {
        String text = text(column);
        return text == null ? null : types[column - 1].bytes(text);
    }

    public Clob getClob(int column) throws SQLException {
        String text = text(column);
        return text == null ? null : types[column - 1].clob(text);
    }

    public Object getObject(int column) throws SQLException {
        String text = text(column);
        return text == null ? null : types[column - 1].object(text);
    }

    public <T> T getObject(int column, Class<T> type) throws SQLException {
        String text = text(column);
        return text == null ? null : types[column - 1].object(text, type);
    }

    public String getString(String name) throws SQLException {
        return getString(findColumn(name));
    }

    public int getInt(String name) throws SQLException {
        return getInt(findColumn(name));
    }

    public long getLong(String name) throws SQLException {
        return getLong(findColumn(name));
    }

    public BigDecimal getBigDecimal(String name) throws SQLException {
        return getBigDecimal(findColumn(name));
    }

    public Timestamp getTimestamp(String name) throws SQLException {
        return getTimestamp(findColumn(name));
    }

    public byte[] getBytes(String name) throws SQLException {
        return getBytes(findColumn(name));
    }

    public Object getObject(String name) throws SQLException {
        return getObject(findColumn(name));
    }

    private void requireOpen() throws SQLException {
        if (closed) {
            throw Errors.ofDriver(Errors.CLOSED_RESULT_SET);
        }
        if (wire.isClosed()) {
            throw Errors.ofDriver(Errors.CLOSED_CONNECTION);
        }
    }

    /** java.sql.ResultSetMetaData. */
    private record Columns(String[] names, Value[] types) {
        public int getColumnCount() {
            return names.length;
        }

        public String getColumnName(int column) throws SQLException {
            return names[index(column)];
        }

        public String getColumnLabel(int column) throws SQLException {
            return names[index(column)];
        }

        public int getColumnType(int column) throws SQLException {
            return types[index(column)].jdbc;
        }

        public String getColumnTypeName(int column) throws SQLException {
            return types[index(column)].toString();
        }

        private int index(int column) throws SQLException {
            if (column < 1 || column > names.length) {
                throw Errors.ofDriver(Errors.INVALID_COLUMN_INDEX);
            }
            return column - 1;
        }
    }
}
