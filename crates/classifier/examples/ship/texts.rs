//! Stories of invented mail: sentences that `synthetic` puts together. All are our own.
#![cfg_attr(rustfmt, rustfmt_skip)]

/// One kind of mail, with what may stand in each place.
pub(crate) struct Story {
    pub(crate) senders: &'static [&'static str],
    pub(crate) hosts: &'static [&'static str],
    pub(crate) subjects: &'static [&'static str],
    pub(crate) greetings: &'static [&'static str],
    pub(crate) paragraphs: &'static [&'static [&'static str]],
    pub(crate) actions: &'static [&'static str],
    pub(crate) closings: &'static [&'static str],
}

pub(crate) const FIRST_NAMES: &[&str] = &["Anna", "Paul", "Maria", "Jonas", "Lena", "David", "Sarah", "Tom", "Julia", "Mark", "Emma", "Peter", "Laura", "Ahmed", "Ines", "Chris", "Nadia", "Simon", "Olga", "Henry", "Grace", "Frank", "Petra", "Stefan", "Kofi", "Wei"];
pub(crate) const LAST_NAMES: &[&str] = &["Miller", "Schmidt", "Weber", "Johnson", "Brown", "Fischer", "Okafor", "Martin", "Keller", "Novak", "Rossi", "Bakker", "Young", "Braun", "Costa", "Lind", "Adeyemi", "Chan"];
pub(crate) const FIRMS: &[&str] = &["Northwind Tools", "Bergmann Holz", "Alder & Sons", "Lumen Office", "Kranich Verlag", "Seeblick Reisen", "Oakfield Books", "Tannenhof", "Brightline", "Petersen Technik", "Mosaik Software", "Greenway Garden", "Falke Logistik", "Harbor Coffee"];
pub(crate) const IMITATED: &[&str] = &["PayPal", "Amazon", "Netflix", "Microsoft", "Apple", "DHL", "Lidl", "Walmart", "Costco", "Telekom", "Aldi", "eBay", "Sparkasse", "Coinbase", "Costco", "T-Mobile", "Home Depot", "Chase"];
pub(crate) const CITIES: &[&str] = &["Berlin", "Hamburg", "London", "Vienna", "Zurich", "Oslo", "Dublin", "Leipzig", "Boston", "Lagos", "Madrid", "Cologne", "Bremen", "Utrecht"];
pub(crate) const THINGS: &[&str] = &["drill set", "garden chair", "wireless headphones", "coffee machine", "backpack", "desk lamp", "tool box", "iPhone 15 Pro", "air fryer", "camping set", "bookshelf", "bicycle pump"];

pub(crate) const HAM: &[Story] = &[
    Story {
        senders: &["{first} {last}"],
        hosts: &[],
        subjects: &["Minutes of the project meeting", "Meeting notes", "Notes from today"],
        greetings: &["Hi {first},", "Hello {first} {last},", "Dear {first},", "Hello,"],
        paragraphs: &[
            &["Please find below what we agreed on this morning."],
            &["{first} will send the draft of the contract by Friday.", "We move the release by one week so that testing can finish."],
            &["The budget for {city} needs another look before we decide.", "Let me know if I forgot something."],
        ],
        actions: &[],
        closings: &["Best regards, {first}", "Thanks, {first} {last}", "Cheers, {first}", "Kind regards, {first} {last}, {firm}"],
    },
    Story {
        senders: &["{first} {last}"],
        hosts: &[],
        subjects: &["Question about the offer", "Your offer {number}", "Offer for the {thing}"],
        greetings: &["Hi {first},", "Hello {first} {last},", "Dear {first},", "Hello,"],
        paragraphs: &[
            &["Thank you for the offer of last week."],
            &["Could you also quote a delivery of {small} pieces to {city}?", "We would need the {thing} before the end of the month."],
            &["Does the price include transport and installation?"],
        ],
        actions: &[],
        closings: &["Best regards, {first}", "Thanks, {first} {last}", "Cheers, {first}", "Kind regards, {first} {last}, {firm}"],
    },
    Story {
        senders: &["{first} {last}"],
        hosts: &[],
        subjects: &["Lunch on Thursday?", "Dinner next week", "Weekend plans"],
        greetings: &["Hi {first},", "Hello {first} {last},", "Dear {first},", "Hello,"],
        paragraphs: &[
            &["are you free on Thursday around {time}?", "shall we meet at the usual place?"],
            &["{first} is in town and would love to see you.", "The kids are with their grandparents, so we have the evening."],
            &["Otherwise next week works for me as well."],
        ],
        actions: &[],
        closings: &["Best regards, {first}", "Thanks, {first} {last}", "Cheers, {first}", "Kind regards, {first} {last}, {firm}"],
    },
    Story {
        senders: &["{first} {last}"],
        hosts: &[],
        subjects: &["Build is broken on main", "Failing test in CI", "Review of the patch"],
        greetings: &["Hi {first},", "Hello {first} {last},", "Dear {first},", "Hello,"],
        paragraphs: &[
            &["The last change breaks the build on the older compiler."],
            &["I get the error below when I run the test with the release profile.", "It works again when I revert the commit."],
            &["Could you take a look, or should I send a patch?"],
        ],
        actions: &[],
        closings: &["Best regards, {first}", "Thanks, {first} {last}", "Cheers, {first}", "Kind regards, {first} {last}, {firm}"],
    },
    Story {
        senders: &["{first} {last}"],
        hosts: &[],
        subjects: &["Invoice {number} attached", "Timesheet for this month", "Documents for the tax advisor"],
        greetings: &["Hi {first},", "Hello {first} {last},", "Dear {first},", "Hello,"],
        paragraphs: &[
            &["Attached you find the invoice for our work in the last month.", "Please find attached the signed documents."],
            &["Payment terms are {small} days as always.", "Please tell me if your accounting needs a purchase order number on it."],
        ],
        actions: &[],
        closings: &["Best regards, {first}", "Thanks, {first} {last}", "Cheers, {first}", "Kind regards, {first} {last}, {firm}"],
    },
    Story {
        senders: &["{first} {last}"],
        hosts: &[],
        subjects: &["Holiday cover", "Out of office next week", "Handover"],
        greetings: &["Hi {first},", "Hello {first} {last},", "Dear {first},", "Hello,"],
        paragraphs: &[
            &["I am on holiday from Monday for two weeks."],
            &["{first} {last} looks after the customers in {city} meanwhile."],
            &["All open tickets are in the list, the urgent ones on top."],
        ],
        actions: &[],
        closings: &["Best regards, {first}", "Thanks, {first} {last}", "Cheers, {first}", "Kind regards, {first} {last}, {firm}"],
    },
    Story {
        senders: &["{first} {last}"],
        hosts: &[],
        subjects: &["Protokoll der Sitzung", "Besprechung am Dienstag", "Notizen von heute"],
        greetings: &["Hallo {first},", "Guten Tag {first} {last},", "Sehr geehrte Damen und Herren,", "Liebe {first},"],
        paragraphs: &[
            &["anbei das Protokoll unserer Sitzung von heute Vormittag."],
            &["{first} schickt bis Freitag den Entwurf des Vertrags.", "Die Freigabe verschieben wir um eine Woche, damit die Tests fertig werden."],
            &["Bitte gebt mir Bescheid, falls etwas fehlt."],
        ],
        actions: &[],
        closings: &["Viele Grüße, {first}", "Mit freundlichen Grüßen, {first} {last}", "Danke und Gruß, {first}", "Beste Grüße aus {city}, {first} {last}, {firm}"],
    },
    Story {
        senders: &["{first} {last}"],
        hosts: &[],
        subjects: &["Rückfrage zum Angebot", "Ihr Angebot {number}", "Anfrage: {thing}"],
        greetings: &["Hallo {first},", "Guten Tag {first} {last},", "Sehr geehrte Damen und Herren,", "Liebe {first},"],
        paragraphs: &[
            &["vielen Dank für Ihr Angebot von letzter Woche."],
            &["Könnten Sie uns auch die Lieferung von {small} Stück nach {city} anbieten?"],
            &["Ist die Montage im Preis enthalten?", "Wir benötigen die Ware bis Ende des Monats."],
        ],
        actions: &[],
        closings: &["Viele Grüße, {first}", "Mit freundlichen Grüßen, {first} {last}", "Danke und Gruß, {first}", "Beste Grüße aus {city}, {first} {last}, {firm}"],
    },
    Story {
        senders: &["{first} {last}"],
        hosts: &[],
        subjects: &["Treffen am Wochenende", "Geburtstag von {first}", "Fahrgemeinschaft"],
        greetings: &["Hallo {first},", "Guten Tag {first} {last},", "Sehr geehrte Damen und Herren,", "Liebe {first},"],
        paragraphs: &[
            &["hast du am Samstag Zeit? Wir grillen bei uns im Garten.", "wer fährt am Sonntag mit zum Spiel?"],
            &["Bring gern die Kinder mit.", "Wir treffen uns um {time} Uhr am Bahnhof."],
        ],
        actions: &[],
        closings: &["Viele Grüße, {first}", "Mit freundlichen Grüßen, {first} {last}", "Danke und Gruß, {first}", "Beste Grüße aus {city}, {first} {last}, {firm}"],
    },
    Story {
        senders: &["{first} {last}"],
        hosts: &[],
        subjects: &["Rechnung {number}", "Unterlagen für die Steuer", "Krankmeldung"],
        greetings: &["Hallo {first},", "Guten Tag {first} {last},", "Sehr geehrte Damen und Herren,", "Liebe {first},"],
        paragraphs: &[
            &["im Anhang finden Sie die Rechnung für den vergangenen Monat.", "anbei die unterschriebenen Unterlagen."],
            &["Die Zahlungsfrist beträgt wie immer {small} Tage."],
        ],
        actions: &[],
        closings: &["Viele Grüße, {first}", "Mit freundlichen Grüßen, {first} {last}", "Danke und Gruß, {first}", "Beste Grüße aus {city}, {first} {last}, {firm}"],
    },
    Story {
        senders: &["{firm}", "{firm} Support", "{firm} Service"],
        hosts: &[],
        subjects: &["Your order {number} has been shipped", "Order confirmation {number}", "We received your order"],
        greetings: &["Hi {first},", "Hello {first} {last},", "Dear {first},", "Hello,"],
        paragraphs: &[
            &["Thank you for your order. Your {thing} is on its way."],
            &["Order number: {number}. Total: EUR {price}. Delivery address: {first} {last}, {city}."],
            &["Delivery takes two to three working days. You can return the goods within 30 days."],
        ],
        actions: &["View your order", "Track your parcel"],
        closings: &["The {firm} team", "{firm}, {city}", "Thank you for choosing {firm}."],
    },
    Story {
        senders: &["{firm}", "{firm} Support", "{firm} Service"],
        hosts: &[],
        subjects: &["Your invoice from {firm}", "Receipt for your payment", "Your receipt {number}"],
        greetings: &["Hi {first},", "Hello {first} {last},", "Dear {first},", "Hello,"],
        paragraphs: &[
            &["Your invoice {number} is ready. We have charged EUR {price} to your card."],
            &["No action is needed. You can find all your invoices in your account."],
        ],
        actions: &["View invoice"],
        closings: &["The {firm} team", "{firm}, {city}", "Thank you for choosing {firm}."],
    },
    Story {
        senders: &["{firm}", "{firm} Support", "{firm} Service"],
        hosts: &[],
        subjects: &["Reset your password", "Confirm your email address", "Your sign-in code: {number}"],
        greetings: &["Hi {first},", "Hello {first} {last},", "Dear {first},", "Hello,"],
        paragraphs: &[
            &["You asked us to reset the password of your {firm} account.", "Please confirm that this address belongs to you."],
            &["If it was not you, ignore this message; nothing changes.", "The link is valid for {small} hours."],
        ],
        actions: &["Reset password", "Confirm address"],
        closings: &["The {firm} team", "{firm}, {city}", "Thank you for choosing {firm}."],
    },
    Story {
        senders: &["{firm}", "{firm} Support", "{firm} Service"],
        hosts: &[],
        subjects: &["{first} commented on your document", "New comment on ticket {number}", "{first} {last} invited you to a meeting"],
        greetings: &["Hi {first},", "Hello {first} {last},", "Dear {first},", "Hello,"],
        paragraphs: &[
            &["{first} {last} wrote: I think we should change the second paragraph.", "{first} {last} invites you to a meeting on Tuesday at {time}."],
            &["You get this message because you follow this document. Change your notifications in the settings."],
        ],
        actions: &["Open the document", "Join the meeting"],
        closings: &["The {firm} team", "{firm}, {city}", "Thank you for choosing {firm}."],
    },
    Story {
        senders: &["{firm}", "{firm} Support", "{firm} Service"],
        hosts: &[],
        subjects: &["Your booking in {city}", "Your train to {city}", "Appointment reminder"],
        greetings: &["Hi {first},", "Hello {first} {last},", "Dear {first},", "Hello,"],
        paragraphs: &[
            &["Your booking {number} is confirmed: {city}, {small} nights, EUR {price}."],
            &["Check-in is from 3 pm. You can cancel free of charge until the day before."],
        ],
        actions: &["Manage booking"],
        closings: &["The {firm} team", "{firm}, {city}", "Thank you for choosing {firm}."],
    },
    Story {
        senders: &["{firm}", "{firm} Support", "{firm} Service"],
        hosts: &[],
        subjects: &["Ihre Bestellung {number} ist unterwegs", "Bestellbestätigung {number}", "Versandbestätigung"],
        greetings: &["Hallo {first},", "Guten Tag {first} {last},", "Sehr geehrte Damen und Herren,", "Liebe {first},"],
        paragraphs: &[
            &["vielen Dank für Ihre Bestellung. Ihr Artikel {thing} wurde heute verschickt."],
            &["Bestellnummer: {number}, Gesamtbetrag: {price} EUR, Lieferung an {first} {last}, {city}."],
            &["Die Zustellung dauert in der Regel zwei Werktage. Sie haben ein Widerrufsrecht von 14 Tagen."],
        ],
        actions: &["Bestellung ansehen", "Sendung verfolgen"],
        closings: &["Ihr Team von {firm}", "{firm}, {city}", "Vielen Dank für Ihr Vertrauen, {firm}"],
    },
    Story {
        senders: &["{firm}", "{firm} Support", "{firm} Service"],
        hosts: &[],
        subjects: &["Ihre Rechnung {number}", "Ihr Vertrag bei {firm}", "Zahlungsbestätigung"],
        greetings: &["Hallo {first},", "Guten Tag {first} {last},", "Sehr geehrte Damen und Herren,", "Liebe {first},"],
        paragraphs: &[
            &["Ihre Rechnung über {price} EUR steht in Ihrem Kundenkonto bereit. Der Betrag wird abgebucht."],
            &["Sie müssen nichts weiter tun."],
        ],
        actions: &["Rechnung ansehen"],
        closings: &["Ihr Team von {firm}", "{firm}, {city}", "Vielen Dank für Ihr Vertrauen, {firm}"],
    },
    Story {
        senders: &["{firm}", "{firm} Support", "{firm} Service"],
        hosts: &[],
        subjects: &["Terminerinnerung", "Ihr Termin am Montag", "Buchungsbestätigung {city}"],
        greetings: &["Hallo {first},", "Guten Tag {first} {last},", "Sehr geehrte Damen und Herren,", "Liebe {first},"],
        paragraphs: &[
            &["wir erinnern an Ihren Termin am Montag um {time} Uhr in {city}."],
            &["Falls Sie verhindert sind, sagen Sie bitte einen Tag vorher ab."],
        ],
        actions: &["Termin verwalten"],
        closings: &["Ihr Team von {firm}", "{firm}, {city}", "Vielen Dank für Ihr Vertrauen, {firm}"],
    },
    Story {
        senders: &["{firm}", "{firm} Support", "{firm} Service"],
        hosts: &[],
        subjects: &["Passwort zurücksetzen", "Bestätigen Sie Ihre E-Mail-Adresse", "Neue Anmeldung bei {firm}"],
        greetings: &["Hallo {first},", "Guten Tag {first} {last},", "Sehr geehrte Damen und Herren,", "Liebe {first},"],
        paragraphs: &[
            &["für Ihr Konto bei {firm} wurde ein neues Passwort angefordert."],
            &["Wenn Sie das nicht waren, ignorieren Sie diese Nachricht; es ändert sich nichts."],
        ],
        actions: &["Passwort zurücksetzen"],
        closings: &["Ihr Team von {firm}", "{firm}, {city}", "Vielen Dank für Ihr Vertrauen, {firm}"],
    },
];

pub(crate) const BULK: &[Story] = &[
    Story {
        senders: &["{firm}", "{firm} News", "{firm} Newsletter"],
        hosts: &[],
        subjects: &["New in our shop: {thing}", "This week at {firm}", "20% off everything until Sunday"],
        greetings: &["Hi {first},", "Hello {first} {last},", "Dear {first},", "Hello,", "Dear customers,"],
        paragraphs: &[
            &["Discover our new collection: {thing} and much more.", "Autumn is here, and so are our offers."],
            &["Only until Sunday: free shipping on all orders above EUR 50.", "Members save 20% with the code in this newsletter."],
            &["Read in our magazine how {first} from {city} furnished the workshop."],
        ],
        actions: &["Shop now", "Read more"],
        closings: &["The {firm} team", "{firm}, {city}", "Thank you for choosing {firm}."],
    },
    Story {
        senders: &["{firm}", "{firm} News", "{firm} Newsletter"],
        hosts: &[],
        subjects: &["{firm} newsletter: what is new in version {small}", "Product update", "Webinar: how {city} plans its roads"],
        greetings: &["Hi {first},", "Hello {first} {last},", "Dear {first},", "Hello,"],
        paragraphs: &[
            &["In this issue: new features, three interviews and the dates of our events."],
            &["Join our free webinar on Tuesday at {time} with {first} {last}.", "The new version brings faster search and a dark theme."],
        ],
        actions: &["Read the newsletter", "Register"],
        closings: &["The {firm} team", "{firm}, {city}", "Thank you for choosing {firm}."],
    },
    Story {
        senders: &["{firm}", "{firm} News", "{firm} Newsletter"],
        hosts: &[],
        subjects: &["Neu im Sortiment: {thing}", "Unser Newsletter im Herbst", "Nur bis Sonntag: 20 % auf alles"],
        greetings: &["Hallo {first},", "Guten Tag {first} {last},", "Sehr geehrte Damen und Herren,", "Liebe {first},"],
        paragraphs: &[
            &["entdecken Sie unsere neue Kollektion rund um {thing}.", "der Herbst ist da und mit ihm unsere Angebote."],
            &["Nur bis Sonntag: versandkostenfrei ab 50 EUR.", "Mit dem Gutscheincode in diesem Newsletter sparen Sie 20 %."],
            &["Im Magazin: wie {first} aus {city} ihre Werkstatt eingerichtet hat."],
        ],
        actions: &["Jetzt ansehen", "Weiterlesen"],
        closings: &["Ihr Team von {firm}", "{firm}, {city}", "Vielen Dank für Ihr Vertrauen, {firm}"],
    },
    Story {
        senders: &["{firm}", "{firm} News", "{firm} Newsletter"],
        hosts: &[],
        subjects: &["Vereinsnachrichten {city}", "Einladung zum Webinar", "Neues von {firm}"],
        greetings: &["Hallo {first},", "Guten Tag {first} {last},", "Sehr geehrte Damen und Herren,", "Liebe {first},"],
        paragraphs: &[
            &["in dieser Ausgabe: Berichte, drei Interviews und die Termine des Monats."],
            &["Melden Sie sich an zum kostenlosen Webinar mit {first} {last} am Dienstag um {time} Uhr."],
        ],
        actions: &["Zum Newsletter", "Anmelden"],
        closings: &["Ihr Team von {firm}", "{firm}, {city}", "Vielen Dank für Ihr Vertrauen, {firm}"],
    },
];
