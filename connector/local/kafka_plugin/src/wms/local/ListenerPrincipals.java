package wms.local;

import org.apache.kafka.common.security.auth.AuthenticationContext;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder;

/**
 * Who a connection is. On the listeners OWNER and CONTROLLER it is the cluster's owner, without a login: only this
 * machine reaches them. Elsewhere it is what Kafka's own builder says: the user who logged in, or ANONYMOUS.
 */
public final class ListenerPrincipals extends DefaultKafkaPrincipalBuilder {
    private static final KafkaPrincipal OWNER = new KafkaPrincipal(KafkaPrincipal.USER_TYPE, "owner");

    public ListenerPrincipals() {
        super(null, null);
    }

    @Override
    public KafkaPrincipal build(AuthenticationContext context) {
        return switch (context.listenerName()) {
            case "OWNER", "CONTROLLER" -> OWNER;
            default -> super.build(context);
        };
    }
}
