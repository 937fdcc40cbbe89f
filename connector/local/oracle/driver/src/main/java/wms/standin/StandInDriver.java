package wms.standin;

import java.io.IOException;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.logging.Logger;
import oracle.jdbc.OracleDriver;

/** Takes ojdbc's own URLs, so that the product's connector config runs as it is. */
public final class StandInDriver implements Driver {
    static {
        try {
            DriverManager.registerDriver(new StandInDriver());
        } catch (SQLException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    @Override
    public boolean acceptsURL(String url) {
        return url.startsWith(Address.PREFIX);
    }

    @Override
    public Connection connect(String url, Properties properties) throws SQLException {
        if (!acceptsURL(url)) {
            return null;
        }
        for (Address.Host host : Address.of(url).hosts()) {
            Wire wire;
            try {
                String limit = properties.getProperty("oracle.net.CONNECT_TIMEOUT", "0");
                wire = Wire.open(host, milliseconds(limit));
            } catch (IOException unreachable) {
                continue;
            }
            return connected(wire, url, host, properties);
        }
        throw refusal(url, properties); // nobody listens
    }

    private static Connection connected(Wire wire, String url, Address.Host host, Properties properties)
            throws SQLException {
        String user = properties.getProperty("user");
        Map<String, Object> answer;
        try {
            answer = wire.ask(request(url, host, properties), 0);
        } catch (SQLException refused) {
            wire.close();
            throw refused;
        }
        if (answer.containsKey("listener")) {
            wire.close();
            throw refusal(url, properties);
        }
        @SuppressWarnings("unchecked")
        Map<String, Object> server = (Map<String, Object>) answer.get("ok");
        return new Session(wire, url, user, server).face();
    }

    private static Map<String, Object> request(String url, Address.Host host, Properties properties)
            throws SQLException {
        Map<String, Object> rest = new TreeMap<>();
        for (String name : properties.stringPropertyNames()) {
            if (!name.equals("user") && !name.equals("password")) {
                rest.put(name, properties.getProperty(name));
            }
        }
        Address address = Address.of(url);
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("op", "connect");
        request.put("url", url);
        request.put("host", host.name());
        request.put("port", host.port());
        if (address.sid() == null) {
            request.put("service", address.service());
        } else {
            request.put("sid", address.sid());
        }
        request.put("user", properties.getProperty("user"));
        request.put("password", properties.getProperty("password"));
        request.put("properties", rest);
        return request;
    }

    /** What the real driver meets at the same address: its exception has class, text and code that no one imitates. */
    private static SQLException refusal(String url, Properties properties) throws SQLException {
        try (Connection unexpected = new OracleDriver().connect(url, properties)) {
            return new SQLException("ojdbc connected where the stand-in refused: " + unexpected);
        } catch (SQLException refused) {
            return refused;
        }
    }

    private static int milliseconds(String text) {
        return text.matches("\\d{1,9}") ? Integer.parseInt(text) : 0;
    }

    @Override
    public DriverPropertyInfo[] getPropertyInfo(String url, Properties properties) {
        return new DriverPropertyInfo[0];
    }

    @Override
    public int getMajorVersion() {
        return 1;
    }

    @Override
    public int getMinorVersion() {
        return 0;
    }

    @Override
    public boolean jdbcCompliant() {
        return false;
    }

    @Override
    public Logger getParentLogger() {
        return Logger.getLogger("wms.standin");
    }
}
