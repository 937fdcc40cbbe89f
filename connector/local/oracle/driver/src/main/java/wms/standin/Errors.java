package wms.standin;

import java.io.IOException;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Set;
import oracle.jdbc.driver.DatabaseError;

/** Exceptions as ojdbc makes them: its table gives class and SQLState, and it adds the line with the help's address. */
final class Errors {
    // Codes of ojdbc's own: EOJ_… in DatabaseError, where ORA-17000 is added.
    static final int INVALID_COLUMN_INDEX = 3;
    static final int INVALID_COLUMN_TYPE = 4;
    static final int INVALID_COLUMN_NAME = 6;
    static final int CLOSED_CONNECTION = 8;
    static final int CLOSED_STATEMENT = 9;
    static final int CLOSED_RESULT_SET = 10;
    static final int EXHAUSTED_RESULT_SET = 11;
    static final int BEFORE_FIRST_ROW = 14;
    static final int NUMERIC_OVERFLOW = 26;
    static final int MISSING_PARAMETER = 41;
    static final int FAIL_CONVERT = 59;
    static final int INVALID_URL = 67;
    static final int SAVEPOINT_WITH_AUTOCOMMIT = 120;
    static final int ROLLBACK_TO_SAVEPOINT_WITH_AUTOCOMMIT = 121;
    static final int COMMIT_WITH_AUTOCOMMIT = 273;
    static final int ROLLBACK_WITH_AUTOCOMMIT = 274;

    /** After these ojdbc closes the connection itself (read in ojdbc11 23.26.1.0.0: T4CTTIoer11.processError). */
    private static final Set<Integer> CLOSING = Set.of(28, 600, 1012, 1041, 3113, 3114);

    private Errors() {}

    /** The database said ORA-{code}; {@code text} starts so. */
    static SQLException ofDatabase(int code, String text) {
        return DatabaseError.newSQLException(null, text, code);
    }

    static boolean closesConnection(int code) {
        return CLOSING.contains(code);
    }

    /** ORA-17002. */
    static SQLException ofNetwork(IOException cause) {
        return DatabaseError.createSqlException(cause);
    }

    /** An error of the driver's own: ORA-17000 + code. */
    static SQLException ofDriver(int code) {
        return DatabaseError.createSqlException(code);
    }

    static SQLException ofDriver(int code, Object about) {
        return DatabaseError.createSqlException(code, about);
    }

    /** What the stand-in lacks, by name: nothing is guessed. */
    static SQLException notSupported(String what) {
        return new SQLFeatureNotSupportedException("the stand-in's JDBC driver does not support " + what);
    }
}
