//! Stories of invented spam: sentences that `synthetic` puts together. All are our own.
#![cfg_attr(rustfmt, rustfmt_skip)]

use crate::texts::Story;

pub(crate) const SPAM: &[Story] = &[
    Story {
        senders: &["Canadian Pharmacy", "Online Pills", "VIAGRA Official Site", "{first}"],
        hosts: &["deal", "offer", "promo"],
        subjects: &["Save 80% on all meds", "Hi {first}, 75% OFF on Pfizer!", "Cheap Viagra and Cialis without prescription", "Your health discount"],
        greetings: &["Dear customer!", "Hello!", ""],
        paragraphs: &[
            &["Buy Viagra, Cialis, Levitra, Valium and Xanax from the trusted online pharmacy at the lowest prices.", "Best pills for men: harder, longer, bigger. No prescription needed."],
            &["Fast worldwide shipping, 100% money back guarantee, visa accepted.", "Viagra $1.{small} per pill, Cialis $1.{small} per pill, Soma, Ambien, Phentermine."],
        ],
        actions: &["Click here to order now", "Visit our site"],
        closings: &["Don't miss it!", "Enlarge your life."],
    },
    Story {
        senders: &["Rolex Replica", "Luxury Watches", "{first} {last}"],
        hosts: &["deal", "offer", "promo"],
        subjects: &["Replica watches from ${price}", "Luxury for less", "Exquisite Rolex, Breitling, Omega replicas"],
        greetings: &["Hello!", "Dear sir,"],
        paragraphs: &[
            &["Exact copies of famous Swiss watches, handbags and pens at a fraction of the price.", "Order your Rolex replica today and get a second one for free."],
            &["We ship anywhere. Quality guaranteed, your friends will never know."],
        ],
        actions: &["Browse our shop"],
        closings: &["Luxury awaits you"],
    },
    Story {
        senders: &["{first} {last}", "Software Store", "OEM downloads"],
        hosts: &["deal", "offer", "promo"],
        subjects: &["Cheap OEM software", "Windows, Office, Adobe: 90% OFF", "Software you need at low prices"],
        greetings: &["Hi,"],
        paragraphs: &[
            &["Photoshop $69, Office 2007 $79, Windows Vista $79, Acrobat $69, AutoCAD $129."],
            &["Download immediately after purchase, all languages, original quality."],
        ],
        actions: &["Get your software"],
        closings: &["Special offer ends today"],
    },
    Story {
        senders: &["{first} {last}", "Market Alert", "Stock Watch"],
        hosts: &["deal", "offer", "promo"],
        subjects: &["This stock is going to explode!", "Hot alert", "Investors alert: watch it on Monday"],
        greetings: &[""],
        paragraphs: &[
            &["THE ALERT IS ON! Company: {firm} International. Symbol: QX{small}Z. Current price: $0.{small}. 5-day target: $2.{small}."],
            &["Huge news is expected, the price will go up 400%. Get in before the rally, add it to your radar on Monday!", "This is a strong buy. Do not wait until everybody knows."],
        ],
        actions: &[],
        closings: &["Act fast, trade smart."],
    },
    Story {
        senders: &["Casino Royal", "Golden Euro Casino", "Lucky Spins"],
        hosts: &["deal", "offer", "promo"],
        subjects: &["Your $500 welcome bonus", "Free spins are waiting", "Play and win today"],
        greetings: &["Dear player,"],
        paragraphs: &[
            &["Get 300% bonus on your first deposit, play blackjack, roulette and slots in the best online casino."],
            &["Instant payouts, no download, 24/7 support. Jackpot now {sum} dollars!"],
        ],
        actions: &["Play now", "Claim your bonus"],
        closings: &["Good luck!"],
    },
    Story {
        senders: &["Degree Office", "University Admissions"],
        hosts: &["deal", "offer", "promo"],
        subjects: &["University diploma without study", "Get your degree in 2 weeks"],
        greetings: &["Hello,"],
        paragraphs: &[
            &["No required tests, classes, books or interviews! Bachelors, Masters, MBA and PhD diplomas available in your field."],
            &["Call us now, 24 hours a day: 1-206-{number}. Confidentiality assured."],
        ],
        actions: &[],
        closings: &["Leave your name and phone number"],
    },
    Story {
        senders: &["Mortgage Dept", "Refinance Today", "Loan Officer"],
        hosts: &["deal", "offer", "promo"],
        subjects: &["Your application is approved", "Lower your mortgage rate", "Bad credit? No problem"],
        greetings: &["Dear homeowner,"],
        paragraphs: &[
            &["You have been pre-approved for a ${sum} home loan at a {small}.4% fixed rate. Your credit is in no way a factor."],
            &["This offer is limited. Refinance now, consolidate debts and save thousands of dollars."],
        ],
        actions: &["Fill in the short form"],
        closings: &["Regards, {first} {last}"],
    },
    Story {
        senders: &["{brand} Rewards", "{brand} Gewinnspiel", "Customer Survey", "Congratulations", "Weekly Winner"],
        hosts: &["deal", "offer", "promo"],
        subjects: &["Congratulations! You have been selected", "You won a {brand} gift card", "{first}, your reward is waiting", "Last chance: claim your {thing}"],
        greetings: &["Dear customer,", "Congratulations!"],
        paragraphs: &[
            &["You have been chosen to receive a brand new {thing}! Answer a short survey about {brand} and claim your exclusive reward.", "Your email was drawn as winner of a $500 {brand} gift card."],
            &["Only {small} left. This offer expires today, confirm now, just pay a small shipping fee."],
        ],
        actions: &["CLAIM NOW", "Start the survey", "Confirm here"],
        closings: &["Terms apply. To stop these emails unsubscribe here."],
    },
    Story {
        senders: &["{brand} Rewards", "{brand} Gewinnspiel", "Customer Survey", "Congratulations", "Weekly Winner"],
        hosts: &["deal", "offer", "promo"],
        subjects: &["Herzlichen Glückwunsch! Sie haben gewonnen", "Ihre Chance auf einen {brand} Gutschein", "{brand}: Ihre Prämie wartet", "Letzte Erinnerung: 500€ Geschenkkarte"],
        greetings: &["Sehr geehrter Kunde,", "Herzlichen Glückwunsch!"],
        paragraphs: &[
            &["Sie wurden ausgewählt, um ein brandneues Produkt zu erhalten: {thing}. Nehmen Sie an unserer kurzen Umfrage zu {brand} teil und sichern Sie sich Ihre exklusive Belohnung.", "Sichern Sie sich jetzt Ihren 500€ {brand} Gutschein."],
            &["Nur noch {small} verfügbar. Das Angebot endet heute, Sie zahlen nur den Versand."],
        ],
        actions: &["JETZT SICHERN", "Umfrage starten", "Hier bestätigen"],
        closings: &["Abmelden"],
    },
    Story {
        senders: &["Bitcoin Profit", "Krypto System", "Trading Revolution"],
        hosts: &["deal", "offer", "promo"],
        subjects: &["So verdienen Sie 5.000 € pro Woche", "Bitcoin makes people rich", "Banks hate this man"],
        greetings: &["Hallo,", "Hello,"],
        paragraphs: &[
            &["Dieses System macht Menschen über Nacht reich. Investieren Sie 250 € und sehen Sie, wie Ihr Guthaben wächst.", "This automated bitcoin trading robot makes people rich over night. Deposit $250 and watch your profit grow."],
            &["Die Plätze sind begrenzt, registrieren Sie sich kostenlos.", "Places are limited, register free today."],
        ],
        actions: &["Jetzt registrieren", "Start now"],
        closings: &["Kein Risiko"],
    },
    Story {
        senders: &["Keto Burn", "Dr. {last}", "Healthy Life"],
        hosts: &["deal", "offer", "promo"],
        subjects: &["Lose 30 pounds in {small} days", "Doctors are speechless", "Diabetes, prostate, pain: this trick works", "Abnehmen ohne Diät"],
        greetings: &["Hello,", ""],
        paragraphs: &[
            &["This weird kitchen trick melts belly fat while you sleep. Doctors do not want you to know it.", "Drink this before bed and your blood sugar is normal again, no pills, no diet."],
            &["Watch the free video before it is taken down."],
        ],
        actions: &["Watch the video", "Learn more"],
        closings: &["Results may vary. Unsubscribe."],
    },
    Story {
        senders: &["{first}", "Dating", "{first} {last}"],
        hosts: &["deal", "offer", "promo"],
        subjects: &["Hot girls near you", "Do you want to meet tonight?", "{first} sent you a private photo"],
        greetings: &["hey :)", "Hi honey,"],
        paragraphs: &[
            &["I am {small} years and lonely, I saw your profile and want to meet for sex tonight.", "Real women in {city} look for casual dates. No strings attached."],
            &["see my private photos here, no credit card needed"],
        ],
        actions: &["View photos", "Chat now"],
        closings: &["kisses"],
    },
    Story {
        senders: &["Mr. {first} {last}", "Barrister {first} {last}", "Mrs. {first} {last}", "Dr. {first} {last}", "United Nations Compensation"],
        hosts: &["deal", "offer", "promo"],
        subjects: &["URGENT RESPONSE NEEDED", "Business proposal", "Compensation fund", "Dear beneficiary", "Inheritance of your late relative", "Donation"],
        greetings: &["Dear friend,", "Attention: beneficiary,", "Good day,", "Dearest one,"],
        paragraphs: &[
            &["I am {first} {last}, manager of the foreign remittance department of a bank in {city}. A customer died in a plane crash without next of kin and left the sum of US${sum} dollars.", "I am a widow suffering from cancer and I wish to donate the sum of ${sum} to a God-fearing person for charity works."],
            &["I need your trust and assistance to transfer the fund to your account; you will receive 40% of the total sum.", "This transaction is legal and risk free. Please keep it strictly confidential."],
            &["Reply with your full name, address, telephone number, occupation and bank details to {mail}."],
        ],
        actions: &[],
        closings: &["Yours sincerely, {first} {last}", "God bless you, {first}"],
    },
    Story {
        senders: &["Loan Firm", "Finance Group", "{first} {last}"],
        hosts: &["deal", "offer", "promo"],
        subjects: &["Loan offer at 2%", "Do you need a loan?", "Kredit ohne Schufa"],
        greetings: &["Hello,", "Guten Tag,"],
        paragraphs: &[
            &["We offer business and personal loans at 2% interest rate from $5,000 up to ${sum}.", "Sofortkredit ohne Schufa, Auszahlung in 24 Stunden, auch bei schlechter Bonität."],
            &["Contact us today at {mail} with amount needed, duration and phone number."],
        ],
        actions: &[],
        closings: &["Best regards, {first} {last}"],
    },
    Story {
        senders: &["{first} {last}", "SEO Expert", "Marketing Team"],
        hosts: &["deal", "offer", "promo"],
        subjects: &["Rank your website on first page of Google", "Buy email lists", "Website redesign proposal"],
        greetings: &["Hello sir/madam,", "Hi,"],
        paragraphs: &[
            &["We are a leading SEO company and can bring your website to the first page of Google with guaranteed results.", "We sell targeted email lists of {sum} verified business leads."],
            &["Reply with your website and phone number for a free quote."],
        ],
        actions: &[],
        closings: &["Thanks, {first}"],
    },
];
