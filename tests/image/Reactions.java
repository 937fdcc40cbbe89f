import io.debezium.connector.oracle.OracleErrorHandler;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import oracle.jdbc.driver.DatabaseError;

/**
 * Asks the shipped OracleErrorHandler whether it retries the exception that the shipped driver makes of each number
 * of standard input. There is no Oracle here: what counts are the driver's table and Debezium's lists.
 */
public class Reactions {
    public static void main(String[] arguments) throws Exception {
        Field unsafe = Class.forName("sun.misc.Unsafe").getDeclaredField("theUnsafe");
        unsafe.setAccessible(true);
        // Its constructor wants a whole connector; the answer needs none of it.
        Object handler = ((sun.misc.Unsafe) unsafe.get(null)).allocateInstance(OracleErrorHandler.class);
        Method isRetriable = OracleErrorHandler.class.getDeclaredMethod("isRetriable", Throwable.class);
        isRetriable.setAccessible(true);
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            int code = Integer.parseInt(line);
            SQLException error = DatabaseError.newSQLException(null, String.format("ORA-%05d: words", code), code);
            // The driver's own numbers about its connection come from an exception of the network below them.
            if (code >= 17800 && code < 19000) {
                error.initCause(new IOException("words"));
            }
            System.out.println(code + " " + isRetriable.invoke(handler, error));
        }
    }
}
