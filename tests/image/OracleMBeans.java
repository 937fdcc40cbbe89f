import java.lang.management.ManagementFactory;
import java.lang.reflect.Proxy;
import java.math.BigInteger;
import java.util.Map;
import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.DynamicMBean;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanInfo;
import javax.management.ObjectName;
import javax.management.StandardMBean;

/**
 * Registers Debezium's Oracle MBeans and Connect's of a task with made-up values, says "ready", and ends with its
 * standard input.
 */
public class OracleMBeans {
    public static void main(String[] arguments) throws Exception {
        register("streaming", "io.debezium.connector.oracle.logminer.LogMinerStreamingChangeEventSourceMetricsMXBean");
        register("snapshot", "io.debezium.pipeline.metrics.SnapshotChangeEventSourceMetricsMXBean");
        register("schema-history", "io.debezium.relational.history.SchemaHistoryMXBean");
        register("source-task-metrics", Map.of("source-record-write-total", 1500.0, "source-record-active-count", 12.0));
        register("task-error-metrics", Map.of("total-record-errors", 3.0));
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

    /** As Kafka's JmxReporter does: an attribute is a metric's name, with its hyphens. */
    private static void register(String type, Map<String, Double> values) throws Exception {
        MBeanAttributeInfo[] attributes = values.keySet().stream()
            .map(name -> new MBeanAttributeInfo(name, "double", "", true, false, false))
            .toArray(MBeanAttributeInfo[]::new);
        ObjectName where = new ObjectName("kafka.connect:type=" + type + ",connector=wms-oracle-cdc,task=0");
        ManagementFactory.getPlatformMBeanServer().registerMBean(new DynamicMBean() {
            public Object getAttribute(String name) { return values.get(name); }
            public AttributeList getAttributes(String[] names) {
                AttributeList found = new AttributeList();
                for (String name : names) found.add(new Attribute(name, values.get(name)));
                return found;
            }
            public MBeanInfo getMBeanInfo() {
                return new MBeanInfo("metrics", "", attributes, null, null, null);
            }
            public Object invoke(String action, Object[] parameters, String[] signature) { return null; }
            public void setAttribute(Attribute attribute) { }
            public AttributeList setAttributes(AttributeList given) { return new AttributeList(); }
        }, where);
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
