package wms.standin;

import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;

/** java.sql.Connection. */
final class Session {
    private final Wire wire;
    private final Connection face = Facade.of(Connection.class, this);
    private final DatabaseMetaData metaData;

    private boolean autoCommit = true;
    private boolean readOnly;
    private int savepoints;
    private boolean closed;

    Session(Wire wire, String url, String user, Map<String, Object> server) {
        this.wire = wire;
        metaData = Facade.of(DatabaseMetaData.class, new Catalog(this, url, user, server));
    }

    Connection face() {
        return face;
    }

    Wire wire() {
        return wire;
    }

    @Override
    public String toString() {
        return "connection to the stand-in for Oracle";
    }

    void requireOpen() throws SQLException {
        if (isClosed()) {
            throw Errors.ofDriver(Errors.CLOSED_CONNECTION);
        }
    }

    // Statements.

    public Statement createStatement() throws SQLException {
        requireOpen();
        return new Query(this, Statement.class, null).face();
    }

    public Statement createStatement(int type, int concurrency) throws SQLException {
        requireForwardOnly(type, concurrency);
        return createStatement();
    }

    public Statement createStatement(int type, int concurrency, int holdability) throws SQLException {
        requireHeld(holdability);
        return createStatement(type, concurrency);
    }

    public PreparedStatement prepareStatement(String sql) throws SQLException {
        requireOpen();
        return Query.prepared(this, sql);
    }

    public PreparedStatement prepareStatement(String sql, int type, int concurrency) throws SQLException {
        requireForwardOnly(type, concurrency);
        return prepareStatement(sql);
    }

    public PreparedStatement prepareStatement(String sql, int type, int concurrency, int holdability)
            throws SQLException {
        requireHeld(holdability);
        return prepareStatement(sql, type, concurrency);
    }

    public CallableStatement prepareCall(String sql) throws SQLException {
        requireOpen();
        return Query.callable(this, sql);
    }

    private static void requireForwardOnly(int type, int concurrency) throws SQLException {
        if (type != ResultSet.TYPE_FORWARD_ONLY || concurrency != ResultSet.CONCUR_READ_ONLY) {
            throw Errors.notSupported("result sets of type " + type + " and concurrency " + concurrency);
        }
    }

    private static void requireHeld(int holdability) throws SQLException {
        if (holdability != ResultSet.HOLD_CURSORS_OVER_COMMIT) {
            throw Errors.notSupported("the holdability " + holdability);
        }
    }

    // Transactions.

    public void setAutoCommit(boolean wanted) throws SQLException {
        requireOpen();
        if (wanted && !autoCommit) {
            wire.ask(Map.of("op", "commit"), 0); // JDBC: the open transaction is committed
        }
        autoCommit = wanted;
    }

    public boolean getAutoCommit() throws SQLException {
        requireOpen();
        return autoCommit;
    }

    public void commit() throws SQLException {
        requireTransaction(Errors.COMMIT_WITH_AUTOCOMMIT);
        wire.ask(Map.of("op", "commit"), 0);
    }

    public void rollback() throws SQLException {
        requireTransaction(Errors.ROLLBACK_WITH_AUTOCOMMIT);
        rollbackTo(null);
    }

    public void rollback(Savepoint savepoint) throws SQLException {
        requireTransaction(Errors.ROLLBACK_TO_SAVEPOINT_WITH_AUTOCOMMIT);
        rollbackTo(((Mark) savepoint).name());
    }

    private void rollbackTo(String savepoint) throws SQLException {
        Map<String, Object> request = new HashMap<>();
        request.put("op", "rollback");
        request.put("savepoint", savepoint);
        wire.ask(request, 0);
    }

    public Savepoint setSavepoint() throws SQLException {
        return setSavepoint("ORACLE_SVPT_" + ++savepoints);
    }

    public Savepoint setSavepoint(String name) throws SQLException {
        requireTransaction(Errors.SAVEPOINT_WITH_AUTOCOMMIT);
        wire.ask(Map.of("op", "savepoint", "name", name), 0);
        return new Mark(name);
    }

    private void requireTransaction(int otherwise) throws SQLException {
        requireOpen();
        if (autoCommit) {
            throw Errors.ofDriver(otherwise);
        }
    }

    private record Mark(String name) implements Savepoint {
        @Override
        public int getSavepointId() throws SQLException {
            throw Errors.notSupported("Savepoint.getSavepointId()");
        }

        @Override
        public String getSavepointName() {
            return name;
        }
    }

    // The connection itself.

    public DatabaseMetaData getMetaData() throws SQLException {
        requireOpen();
        return metaData;
    }

    public boolean isClosed() {
        return closed || wire.isClosed();
    }

    public boolean isValid(int seconds) {
        if (isClosed()) {
            return false;
        }
        try {
            wire.ask(Map.of("op", "ping"), seconds);
            return true;
        } catch (SQLException dead) {
            return false;
        }
    }

    public void close() throws SQLException {
        if (isClosed()) {
            return;
        }
        closed = true;
        try {
            wire.ask(Map.of("op", "quit"), 0);
        } finally {
            wire.close();
        }
    }

    public void abort(Executor executor) {
        closed = true;
        executor.execute(wire::close);
    }

    public void setReadOnly(boolean wanted) throws SQLException {
        requireOpen();
        readOnly = wanted;
    }

    public boolean isReadOnly() {
        return readOnly;
    }

    public int getTransactionIsolation() throws SQLException {
        requireOpen();
        return Connection.TRANSACTION_READ_COMMITTED;
    }

    public void setTransactionIsolation(int level) throws SQLException {
        if (level != Connection.TRANSACTION_READ_COMMITTED) {
            throw Errors.notSupported("the transaction isolation " + level);
        }
    }

    public SQLWarning getWarnings() {
        return null;
    }

    public void clearWarnings() {
        // There are none.
    }
}
