package wms.standin;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Gives an object the face of a JDBC interface: a call goes to the object's public method of the same name and
 * parameter types; a method that it has not is refused by name. So a class here shows only what is implemented.
 */
final class Facade implements InvocationHandler {
    private static final Method NONE = Object.class.getMethods()[0];
    /** Of each class of targets: the interface's method to the target's, or to NONE. */
    private static final Map<Class<?>, Map<Method, Method>> METHODS = new ConcurrentHashMap<>();

    private final Class<?> face;
    private final Object target;
    private final Map<Method, Method> methods;

    private Facade(Class<?> face, Object target) {
        this.face = face;
        this.target = target;
        methods = METHODS.computeIfAbsent(target.getClass(), unseen -> new ConcurrentHashMap<>());
    }

    static <T> T of(Class<T> face, Object target) {
        ClassLoader loader = Facade.class.getClassLoader();
        return face.cast(Proxy.newProxyInstance(loader, new Class<?>[] {face}, new Facade(face, target)));
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
        if (method.getDeclaringClass() == Object.class) {
            return switch (method.getName()) {
                case "equals" -> proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                default -> target.toString();
            };
        }
        Method found = methods.get(method);
        if (found == null) {
            found = methods.computeIfAbsent(method, this::find);
        }
        if (found == NONE) {
            throw Errors.notSupported(signature(method));
        }
        try {
            return found.invoke(target, arguments);
        } catch (InvocationTargetException wrapped) {
            throw wrapped.getCause();
        }
    }

    private Method find(Method method) {
        try {
            Method found = target.getClass().getMethod(method.getName(), method.getParameterTypes());
            found.setAccessible(true); // the classes are not public
            return found;
        } catch (NoSuchMethodException missing) {
            return NONE;
        }
    }

    private String signature(Method method) {
        return Arrays.stream(method.getParameterTypes())
                .map(Class::getSimpleName)
                .collect(Collectors.joining(", ", face.getSimpleName() + "." + method.getName() + "(", ")"));
    }
}
