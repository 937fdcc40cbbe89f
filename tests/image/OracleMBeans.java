import java.lang.management.ManagementFactory;
import java.lang.reflect.Proxy;
import java.math.BigInteger;
import javax.management.ObjectName;
import javax.management.StandardMBean;

/** Registers Debezium's Oracle MBeans with made-up values, says "ready", and ends with its standard input. */
public class OracleMBeans {
    public static void main(String[] arguments) throws Exception {
        register("streaming", "io.debezium.connector.oracle.logminer.LogMinerStreamingChangeEventSourceMetricsMXBean");
        register("snapshot", "io.debezium.pipeline.metrics.SnapshotChangeEventSourceMetricsMXBean");
        register("schema-history", "io.debezium.relational.history.SchemaHistoryMXBean");
        System.out.println("ready");
        while (System.in.read() >= 0) { }
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static void register(String context, String name) throws Exception {
        Class type = Class.forName(name);
        Object bean = Proxy.newProxyInstance(type.getClassLoader(), new Class[] {type},
            (proxy, method, values) -> made(method.getName(), method.getReturnType()));
        ObjectName where = new ObjectName("debezium.oracle:type=connector-metrics,context=" + context + ",server=wms");
        ManagementFactory.getPlatformMBeanServer().registerMBean(new StandardMBean(bean, type, true), where);
    }

    private static Object made(String method, Class<?> type) {
        if (type == boolean.class) return true;
        if (type == int.class) return 7;
        if (type == long.class) return 7L;
        if (type == BigInteger.class) return new BigInteger("123456789012");
        if (type == String.class) return method.equals("getStatus") ? "RUNNING" : "text: of, any <kind>";
        return null;
    }
}
