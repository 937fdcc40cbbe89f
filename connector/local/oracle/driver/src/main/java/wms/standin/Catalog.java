package wms.standin;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;

/** java.sql.DatabaseMetaData. Names go over the wire as they are, without quotes and escapes; null stands for any. */
final class Catalog {
    private static final char ESCAPE = '/';

    private final Session session;
    private final String url;
    private final String user;
    private final String[] version;
    private final String banner;

    Catalog(Session session, String url, String user, Map<String, Object> server) {
        this.session = session;
        this.url = url;
        this.user = user;
        version = String.valueOf(server.get("version")).split("\\.");
        banner = String.valueOf(server.get("banner"));
    }

    public int getDatabaseMajorVersion() {
        return Integer.parseInt(version[0]);
    }

    public int getDatabaseMinorVersion() {
        return Integer.parseInt(version[1]);
    }

    public String getDatabaseProductName() {
        return "Oracle";
    }

    public String getDatabaseProductVersion() {
        return banner;
    }

    public String getDriverName() {
        return "stand-in for Oracle JDBC driver";
    }

    public Connection getConnection() {
        return session.face();
    }

    public String getURL() {
        return url;
    }

    public String getUserName() {
        return user;
    }

    /** As ojdbc11 23.26.1.0.0 has it. */
    public String getSQLKeywords() {
        return "ACCESS, ADD, ALTER, AUDIT, CLUSTER, COLUMN, COMMENT, COMPRESS, CONNECT, DATE, DROP, EXCLUSIVE, FILE, "
                + "IDENTIFIED, IMMEDIATE, INCREMENT, INDEX, INITIAL, INTERSECT, LEVEL, LOCK, LONG, MAXEXTENTS, MINUS, "
                + "MODE, NOAUDIT, NOCOMPRESS, NOWAIT, NUMBER, OFFLINE, ONLINE, PCTFREE, PRIOR, "
                + "all_PL_SQL_reserved_ words";
    }

    public String getSearchStringEscape() {
        return String.valueOf(ESCAPE);
    }

    public ResultSet getTables(String catalog, String schema, String table, String[] types) throws SQLException {
        Map<String, Object> request = request("tables", name(schema), name(table));
        request.put("types", types);
        return ask(request);
    }

    public ResultSet getColumns(String catalog, String schema, String table, String column) throws SQLException {
        if (name(column) != null) {
            throw Errors.notSupported("DatabaseMetaData.getColumns of one column");
        }
        return ask(request("columns", name(schema), name(table)));
    }

    public ResultSet getPrimaryKeys(String catalog, String schema, String table) throws SQLException {
        return ask(request("primaryKeys", unquoted(schema), unquoted(table)));
    }

    public ResultSet getIndexInfo(String catalog, String schema, String table, boolean unique, boolean approximate)
            throws SQLException {
        Map<String, Object> request = request("indexes", unquoted(schema), unquoted(table));
        request.put("unique", unique);
        return ask(request);
    }

    private static Map<String, Object> request(String operation, String schema, String table) {
        Map<String, Object> request = new HashMap<>();
        request.put("op", operation);
        request.put("schema", schema);
        request.put("name", table);
        return request;
    }

    private ResultSet ask(Map<String, Object> request) throws SQLException {
        session.requireOpen();
        return new Rows(session.wire(), null, session.wire().ask(request, 0)).face();
    }

    private static String unquoted(String name) {
        boolean quoted = name != null && name.length() > 1 && name.startsWith("\"") && name.endsWith("\"");
        return quoted ? name.substring(1, name.length() - 1) : name;
    }

    /** The name that a pattern stands for; null for any. Other patterns are refused: the stand-in has no wildcards. */
    static String name(String pattern) throws SQLException {
        if (pattern == null || pattern.equals("%")) {
            return null;
        }
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < pattern.length(); i++) {
            char character = pattern.charAt(i);
            if (character == ESCAPE && i + 1 < pattern.length()) {
                name.append(pattern.charAt(++i));
            } else if (character == '%' || character == '_') {
                throw Errors.notSupported("the name pattern " + pattern);
            } else {
                name.append(character);
            }
        }
        return name.toString();
    }
}
