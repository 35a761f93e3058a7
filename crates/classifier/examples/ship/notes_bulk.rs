//! Sentences of invented mailings by topic: alerts, digests and offers that somebody subscribed to.
//! All are our own.
#![cfg_attr(rustfmt, rustfmt_skip)]

use crate::notes::{Dress, Topic};
use posthouse_classifier::Label;

pub(crate) const BULK: &[Topic] = &[
    Topic {
        label: Label::Bulk, dress: Dress::Digest,
        subjects: &["Breaking news alert", "News alerts: {salad}", "Minister resigns over report", "Top ten stories today", "Evening headlines", "Afternoon news brief", "This week in health", "Political ticker"],
        sentences: &[
            "The parliament votes on the budget tonight after a long debate.", "Police found the missing boat off the coast of {city}.", "Oil prices fall for the third day.", "The coalition agrees on a new leader.", "Storm leaves 20,000 homes without power.", "Talks about the airline strike go on.", "Your alert matched the following article.", "The president visits {city} next week.", "Scientists find water below the ice.", "Court stops the merger of two banks.", "Full story, pictures and video on our site.", "Study: walking is good for the heart.", "Election results are expected tonight.",
        ],
        closings: &["You have received this alert because you subscribed to it.", "You have agreed to receive this email as a result of your preference settings. To manage your settings click here.", "To unsubscribe from these alerts click here. One Press Center, {city}."],
    },
    Topic {
        label: Label::Bulk, dress: Dress::Digest,
        subjects: &["Spring sale: up to 40% off", "New in our shop", "Your monthly offers", "Free shipping this weekend", "{first}, a little something for you", "May newsletter for {first}", "Summer collection", "Members save more"],
        sentences: &[
            "Save up to 40% on jackets and shoes.", "New arrivals in every size.", "Free shipping for orders above $50.", "Notebooks from $799, printers from $99.", "Use the code SPRING{small} at checkout.", "Double points for members until Sunday.", "Gift ideas for Mother's Day.", "Find a store near you.", "Prices and availability may change, see our site for details.", "Shop now", "Our customers rated this product with five stars.", "Limited stock, while supplies last.",
        ],
        closings: &["You receive this because you signed up at our store. Unsubscribe. Privacy policy.", "To change your e-mail preferences click here. © {firm}. All rights reserved.", "Offer valid until the end of the month. Terms apply. Unsubscribe."],
    },
    Topic {
        label: Label::Bulk, dress: Dress::Digest,
        subjects: &["Market update", "Morning brief", "{firm} announces first-quarter results", "Your price alert", "Weekly economic outlook", "Earnings alert", "Job alert: 8 new jobs", "Fare watch: {city}"],
        sentences: &[
            "Stocks closed higher as oil fell.", "{firm} reports earnings of $0.{small} per share.", "The full press release is on our investor page.", "Eight new jobs match your search.", "Engineer, full time, {city}", "Fares to {city} dropped by 12 percent.", "Interest rates remain unchanged.", "Your watch list: three symbols moved by more than 5 percent.", "The call will be webcast on Thursday at {time}.", "See the agenda and register.",
        ],
        closings: &["You are receiving this because you requested e-mail alerts. To update your alert preferences or unsubscribe, click here.", "This alert is sent to subscribers. Unsubscribe at any time."],
    },
    Topic {
        label: Label::Bulk, dress: Dress::Digest,
        subjects: &["Developer newsletter", "Security bulletin digest", "Your forum digest", "New book: the definitive guide", "Tips of the week", "What's new in version {small}", "Webinar invitation", "Conference programme"],
        sentences: &[
            "Version {small} is available for download.", "Read the interview with the author of the new guide.", "Five tips for faster queries.", "Join our webinar on Tuesday, {time}.", "Early registration ends on Friday.", "The programme of the conference in {city} is online.", "Three answers in threads that you follow.", "This month: storage, backups and what to do when both fail.", "Sponsored: a server for small teams.", "Our editors picked these articles for you.",
        ],
        closings: &["To change the newsletters that you receive, go to your account.", "You are currently subscribed as {mail}. To unsubscribe send a blank email.", "© {firm}. You get this because you registered. Unsubscribe | Privacy"],
    },
    Topic {
        label: Label::Bulk, dress: Dress::Digest,
        subjects: &["Ihr Newsletter im Mai", "Neuigkeiten aus dem Verein", "Nur dieses Wochenende: 20 % Rabatt", "Die Themen der Woche", "Einladung zum Webinar", "Neue Kurse im Herbst"],
        sentences: &[
            "Unsere neue Kollektion ist da.", "Sparen Sie 20 % auf alle Jacken.", "Die wichtigsten Meldungen der Woche.", "Jetzt anmelden, die Plätze sind begrenzt.", "Das Programm für den Herbst ist erschienen.", "Lesen Sie das Gespräch mit der Leiterin.", "Versandkostenfrei ab 50 €.", "Am Samstag ist Tag der offenen Tür.", "Drei neue Rezepte für den Sommer.",
        ],
        closings: &["Sie erhalten diese E-Mail, weil Sie sich angemeldet haben. Abmelden | Datenschutz | Impressum", "Newsletter abbestellen. {firm}, Hauptstraße {small}, {city}"],
    },
];
