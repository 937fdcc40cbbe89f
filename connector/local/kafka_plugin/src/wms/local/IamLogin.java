package wms.local;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.Provider;
import java.security.Security;
import java.util.Map;
import java.util.UUID;
import javax.security.auth.Subject;
import javax.security.auth.callback.CallbackHandler;
import javax.security.auth.spi.LoginModule;
import javax.security.sasl.SaslException;
import javax.security.sasl.SaslServer;
import javax.security.sasl.SaslServerFactory;

/**
 * The broker's side of the SASL mechanism AWS_MSK_IAM, whose public library has the client's side only.
 *
 * <p>One message each: the client's is a signed request as JSON, the broker's a version and an id (README of
 * aws-msk-iam-auth, "Details"). Whether the signature is right, IAM says.
 */
public final class IamLogin implements LoginModule {
    static {
        Security.addProvider(new IamProvider());
    }

    @Override
    public void initialize(Subject subject, CallbackHandler handler, Map<String, ?> state, Map<String, ?> options) {
        // Kafka loads this class by its name, which registers the mechanism.
    }

    @Override
    public boolean login() {
        return true;
    }

    @Override
    public boolean commit() {
        return true;
    }

    @Override
    public boolean abort() {
        return false;
    }

    @Override
    public boolean logout() {
        return true;
    }

    /** Java's list of mechanisms. */
    private static final class IamProvider extends Provider {
        private static final long serialVersionUID = 1L;

        IamProvider() {
            super("wms-msk-iam", "1", "the broker's side of AWS_MSK_IAM");
            put("SaslServerFactory." + Server.MECHANISM, Factory.class.getName());
        }
    }

    /** Makes one server for each connection. */
    public static final class Factory implements SaslServerFactory {
        @Override
        public SaslServer createSaslServer(
                String mechanism, String protocol, String name, Map<String, ?> properties, CallbackHandler handler) {
            return new Server();
        }

        @Override
        public String[] getMechanismNames(Map<String, ?> properties) {
            return new String[] {Server.MECHANISM};
        }
    }

    private static final class Server implements SaslServer {
        static final String MECHANISM = "AWS_MSK_IAM";
        private String principal;

        @Override
        public byte[] evaluateResponse(byte[] response) throws SaslException {
            Iam.Answer answer;
            try {
                answer = Iam.ask("/authenticate", new String(response, StandardCharsets.UTF_8));
            } catch (IOException error) {
                throw new SaslException("IAM does not answer", error);
            }
            if (answer.status() != 200) {
                // As on MSK, the reason is said between brackets and no key is.
                throw new SaslException("[" + UUID.randomUUID() + "]: Access denied: " + answer.text());
            }
            principal = answer.text();
            String id = UUID.randomUUID().toString();
            return ("{\"version\":\"2020_10_22\",\"request-id\":\"" + id + "\"}").getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public boolean isComplete() {
            return principal != null;
        }

        @Override
        public String getAuthorizationID() {
            return principal;
        }

        @Override
        public String getMechanismName() {
            return MECHANISM;
        }

        @Override
        public Object getNegotiatedProperty(String name) {
            return null;
        }

        @Override
        public byte[] unwrap(byte[] incoming, int offset, int length) {
            throw new IllegalStateException("the connection is protected by TLS, not by SASL");
        }

        @Override
        public byte[] wrap(byte[] outgoing, int offset, int length) {
            throw new IllegalStateException("the connection is protected by TLS, not by SASL");
        }

        @Override
        public void dispose() {
            // Holds nothing.
        }
    }
}
