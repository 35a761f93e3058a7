// JavaMail as a sender with a client certificate.
//
// One argument, a JSON object: port, ca, tls ("1.2" or "1.3"), and cert and key or neither.
// Prints the server's last word as {"code": 250, "text": "..."}.

import com.sun.mail.smtp.SMTPAddressFailedException;
import com.sun.mail.smtp.SMTPSendFailedException;
import com.sun.mail.smtp.SMTPTransport;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.mail.Message;
import javax.mail.MessagingException;
import javax.mail.Session;
import javax.mail.internet.InternetAddress;
import javax.mail.internet.MimeMessage;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Send {
    public static void main(String[] arguments) throws Exception {
        String wish = arguments[0];
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys(wish), trust(wish), null);

        Properties settings = new Properties();
        settings.put("mail.smtp.host", "127.0.0.1");
        settings.put("mail.smtp.port", value(wish, "port"));
        settings.put("mail.smtp.localhost", "mail.example");
        settings.put("mail.smtp.timeout", "30000");
        settings.put("mail.smtp.starttls.required", "true");
        settings.put("mail.smtp.starttls.enable", "true");
        // The server is reached by address.
        settings.put("mail.smtp.ssl.checkserveridentity", "false");
        settings.put("mail.smtp.ssl.protocols", "TLSv" + value(wish, "tls"));
        settings.put("mail.smtp.ssl.socketFactory", context.getSocketFactory());

        Session session = Session.getInstance(settings);
        MimeMessage message = new MimeMessage(session);
        message.setFrom(new InternetAddress("ann@contoso.example"));
        message.setRecipient(Message.RecipientType.TO, new InternetAddress("bob@elsewhere.example"));
        message.setSubject("From JavaMail");
        message.setText("Hello.");
        SMTPTransport transport = (SMTPTransport) session.getTransport("smtp");
        try {
            transport.connect();
            transport.sendMessage(message, message.getAllRecipients());
            say(transport.getLastReturnCode(), transport.getLastServerResponse());
            transport.close();
        } catch (MessagingException error) {
            refused(error);
        }
    }

    /** The reply to the recipient, which is the innermost of what is thrown. */
    private static void refused(Exception error) {
        for (Exception one = error; one != null; one = next(one)) {
            if (one instanceof SMTPAddressFailedException) {
                SMTPAddressFailedException failed = (SMTPAddressFailedException) one;
                say(failed.getReturnCode(), failed.getMessage());
                return;
            }
            if (one instanceof SMTPSendFailedException && next(one) == null) {
                SMTPSendFailedException failed = (SMTPSendFailedException) one;
                say(failed.getReturnCode(), failed.getMessage());
                return;
            }
        }
        say(0, error.toString());
    }

    private static Exception next(Exception error) {
        return error instanceof MessagingException
            ? ((MessagingException) error).getNextException()
            : null;
    }

    private static javax.net.ssl.KeyManager[] keys(String wish) throws Exception {
        String file = value(wish, "cert");
        if (file == null) {
            return null;
        }
        Certificate[] chain;
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            chain = CertificateFactory.getInstance("X.509")
                .generateCertificates(in)
                .toArray(new Certificate[0]);
        }
        String pem = Files.readString(Path.of(value(wish, "key")));
        byte[] der = Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
        PrivateKey key = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("sender", key, new char[0], chain);
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, new char[0]);
        return keys.getKeyManagers();
    }

    private static javax.net.ssl.TrustManager[] trust(String wish) throws Exception {
        byte[] pem = Files.readAllBytes(Path.of(value(wish, "ca")));
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("root", CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(pem)));
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(store);
        return trust.getTrustManagers();
    }

    /** A value of the flat object; the harness puts nothing into it that needs escapes. */
    private static String value(String wish, String name) {
        Matcher found = Pattern.compile("\"" + name + "\":\"?([^\",}]*)").matcher(wish);
        return found.find() ? found.group(1) : null;
    }

    private static void say(int code, String text) {
        String escaped = text.strip()
            .replace("\\", "\\\\")
            .replace("\"", "\\\"")
            .replace("\r", "")
            .replace("\n", "\\n");
        System.out.println("{\"code\": " + code + ", \"text\": \"" + escaped + "\"}");
    }
}
