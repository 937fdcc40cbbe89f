/**
 * The JDBC driver of the stand-in for Oracle. It knows JDBC and nothing of Oracle's database: it frames each call as
 * one JSON line to the stand-in's process ({@link wms.standin.Wire}) and gives what comes back as ojdbc would.
 *
 * <p>Exceptions are made by ojdbc's own factory ({@link wms.standin.Errors}), so class, SQLState and text are real.
 * What is not implemented throws SQLFeatureNotSupportedException that names the method ({@link wms.standin.Facade}).
 */
package wms.standin;
