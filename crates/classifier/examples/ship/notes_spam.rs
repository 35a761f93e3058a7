//! Sentences of invented spam by topic, for short notes of one to five of them. All are our own.
#![cfg_attr(rustfmt, rustfmt_skip)]

use crate::notes::{Dress, Topic};
use posthouse_classifier::Label;

pub(crate) const SPAM: &[Topic] = &[
    Topic {
        label: Label::Spam, dress: Dress::Bare,
        subjects: &["Market hot report", "It is about to move", "Watch it on Monday", "Opening bell alert", "Investors take note", "This one will double", "Do not miss this trade", "Huge news tomorrow", "the next winner", "Trading opportunity", "Re: the tip"],
        sentences: &[
            "THE ALERT IS ON!!!", "Symbol: {ticker}", "Sym: {ticker}", "Ticker: {ticker}.OB", "Lookup: {ticker}", "Current price: ${cents}", "Price (current): ${cents}", "Curr. price: ${cents}",
            "5 day target price: ${small}.50", "Short term target: ${small}", "1-day target price: ${small}", "Expected: up 400% in three days", "Action: Strong buy / Hold", "Rating: aggressive buy", "Recommendation: very aggressive buy!!", "Market: bullish!",
            "All signs show that this one is going to explode!", "{ticker} has released very hot news.", "See the news and call your broker now!", "Contact your broker before the market opens.", "Insider buying alert.", "Huge volume spike, many people are already in the know.",
            "The company announces a new oil discovery.", "Ride the wave, {ticker} is exploding!", "Get on this train now, watch it trade on Monday!", "Add this stock to your radar.", "A penny stock with a real product.", "Get in before everybody else does.", "500% profit guaranteed (short term).", "It is a steal at two cents.", "This is a shoe-in to double by the end of the week.",
        ],
        closings: &["", "Act now!", "Happy trading"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Linked,
        subjects: &["Fix that small problem today", "Don't you need to be ready every time", "Make her happy", "Your girlfriend will thank you", "Be the man she dreams of", "Size does matter", "Longer nights", "No more shame in bed", "RE:", "Burn the passion in her eyes", "Achieve desired length", "she will be amazed"],
        sentences: &[
            "Achieve the length and size that you always wanted.", "Your lady will think you are awesome.", "A bigger penis in weeks, guaranteed.", "Men with a small penis are less successful with women.", "Tried, tested, proven to work 100%.", "As seen on TV.", "The patch works while you sleep.", "Stronger erections, longer nights, more stamina.", "Forget about impotence once and for all.",
            "This thing allows you to go all night without any breaks.", "Are you bored in bed with your partner?", "Statistics show that 76% of women are unsatisfied with their partner's bedroom performance.", "If you have a problem getting or keeping an erection you must try it.", "Natural herbs, no side effects.", "Gain up to 3 inches.", "Increase your volume and enjoy intense orgasms.", "Awesome male pills on the web!", "Premature ejaculation is not a problem any more.", "Spend the holidays in bed.", "Give her what she really wants tonight.",
            "Never be ashamed in the locker room again.", "Your rod will never let you down.",
        ],
        closings: &[""],
    },
    Topic {
        label: Label::Spam, dress: Dress::Linked,
        subjects: &["Save on your meds", "Generic drugs, the only way to go", "We give you everything here", "Impotence medications for the best price", "no prescription needed", "Refill notification", "Your order of medicine", "Dear {first}, get 80% off today", "Pharmacy news {number}", "77% discounts inside", "RE: pills"],
        sentences: &[
            "Viagra from $1.{small} per pill, Cialis from $2.{small}.", "Safe, secure and private way to get Viagra, Cialis, Levitra without prior prescription.", "We offer quality brand and generic medications at affordable prices!", "Special bonus: more pills for free!", "Free delivery worldwide.", "Canadian pharmacy, licensed and trusted.", "Xanax, Valium, Ambien, Tramadol in stock.", "No doctor visit, no embarrassing questions.", "Phentermine, Soma, Meridia, Hydrocodone shipped overnight.", "Discreet packaging, all cards accepted.", "Over 100,000 satisfied customers.", "Our pharmacists are waiting for your order.",
            "Save up to 80% against your local drugstore.", "It is safer than placing an order over the phone.", "Viagra soft tabs, Cialis super active, Levitra professional.", "All the medicine that you need in one place.",
        ],
        closings: &["", "Your online pharmacy"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Linked,
        subjects: &["the spring collection", "Luxury for everybody", "Watches for a special person", "Poor fashion victims", "Designer bags", "Look rich", "Rep1ica watches", "a gift for her"],
        sentences: &[
            "High-quality watches made with exquisite care.", "Replica Rolex, Cartier, Breitling, Omega, Tag Heuer.", "Louis Vuitton, Gucci, Prada and Chanel handbags for a fraction of the price.", "Exact copies, nobody will tell the difference.", "Luxury replica watches, ties, pens.", "Brand-name writing pens are sure to dazzle.", "Own a unique bag and wallet set.", "All the famous Swiss brands from $99.", "Why pay thousands for the name?", "Perfect gift for a husband or boss.", "New models arrived.", "Free shipping on two and more.",
        ],
        closings: &["", "Shop now"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Linked,
        subjects: &["Need S0ftware?", "Photoshop CS3", "upgrade your older computer", "Windows, Full or OEM?", "software that you can afford", "Corel Draw", "OEM means cheap", "Office 2007 for $79"],
        sentences: &[
            "OEM software: throw away the packing case, leave the CD, use electronic manuals!", "Pay for software ONLY and save 75-90%!", "$49 Windows XP Pro with SP2", "$79 MS Office Enterprise 2007", "$59 Adobe Acrobat Pro", "$69 Adobe Photoshop CS3", "$129 AutoCAD", "Retail price $399, our price $69, you save $330.", "Instant download, all languages.", "Top 10 items of the week.", "For home and office.", "All the software that you ever wanted for low prices.", "Full versions, legal serial numbers, free updates.", "We guarantee the authenticity of all software.",
        ],
        closings: &["", "Special offers end soon"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Bare,
        subjects: &["Nice to meet you!", "Hello my friend", "hello and smiles, dear", "maybe it's the best time", "I am waiting for you", "Are you lonely too?", "let's get to know each other", "Hi from {first}", "You seem interesting"],
        sentences: &[
            "I have decided to write to you because I am lonely.", "I am a nice, good looking girl, young and smart, but still lonely.", "I found your address at a dating agency.", "I am {small} years old, I live in Russia and I look for a man for serious relations.", "I am tender and careful in my soul, have a pretty face and good body.", "I am looking for a reasonable man to create a family.", "If you want, I will send you my photos.", "Write to me only to my personal email {mail}", "I hope that you will answer me.", "I dream to meet a kind and honest man, age does not matter.", "Love is a gift of heaven.", "Maybe you are my destiny.", "Men here in my country drink too much.", "I want to be yours.", "Your profile caught my eye.", "I will tell you more about me in my next letter.", "Kiss you, waiting with impatience.", "I soon come to your country and want to meet you.",
        ],
        closings: &["Kisses, {first}", "Your new friend {first}", "{first}"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Linked,
        subjects: &["Visitors counting", "7 new messages from ladies for you", "girls near you", "She is waiting", "hot videos", "call me", "Adults only", "naughty wives in {city}", "my webcam", "someone in your area likes you"],
        sentences: &[
            "Hot girls in your area who want to meet you tonight.", "Meet lonely housewives near you.", "Free adult dating, no credit card needed.", "Hardcore movies, teens, milfs, amateur.", "I am your hot little toy, call me.", "Look at my private photos, I am naked on them.", "Marry a gorgeous Russian girl.", "Place to hang out with sexy girls.", "A girl has sex on the first date.", "Thousands of porn videos updated daily.", "You have a new private message from a lady.", "Casual sex without obligations.", "My webcam is on right now, come and watch me.", "Sluts in your neighbourhood.", "A*D*U*L*T*S O*N*L*Y!!!",
        ],
        closings: &["", "xxx {first}"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Linked,
        subjects: &["Drop your extra weight", "Fast and simple way to drop kilos", "Doctors and celebrities endorse it", "Lose 20 pounds in a month", "join the revolution", "Unlock the secret of a slim body", "This fruit burns fat", "Stop the pain in your joints", "Wissenschaftlich bewiesen"],
        sentences: &[
            "The newest and most exciting product against excess weight is now available.", "As seen on BBC and CNN.", "Excess weight kills more and more people every year.", "You know how people look at those extra pounds.", "Happily, now there is an answer.", "Lose weight without diet and exercise.", "Burns fat while you sleep.", "Hoodia, acai and green tea in one pill.", "Suppress your appetite naturally.", "Doctors are stunned by this weird trick.", "Lowers your blood sugar within days.", "Say good-bye to joint pain, tinnitus and wrinkles.", "Look ten years younger.", "CBD gummies, full strength, free bottle today.", "One cup before bed melts belly fat.", "Risk free trial, just pay shipping.", "Hair grows again after six weeks.", "Nagelpilz und Gelenkschmerzen verschwinden für immer.", "Schlank ohne Diät, 12 Kilo in vier Wochen.", "Sagen Sie dem Schmerz endgültig Lebewohl.",
        ],
        closings: &["", "To your health"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Announcement,
        subjects: &["Have you had a medical problem? Read this", "All tax issues can be resolved, find out how", "Better vision, better value", "Way below wholesale", "New tax lien property for sale in your area", "Real estate guru offers millions", "Refinance now", "Your free credit report", "Auto insurance for $29", "Final expense insurance", "You qualify for a settlement", "12 cases of your favourite soda", "Replace your windows", "Time share owners", "Get a free laptop", "A new way to finance your home"],
        sentences: &[
            "Got tax troubles? You are not alone.", "All IRS and state tax issues can be resolved.", "If you took this drug, you may be entitled to compensation.", "Consolidate your debt and lower your monthly payments.", "Mortgage rates have dropped again, refinance and save thousands.", "Bad credit is no problem, you have been pre-approved.", "Get your free insurance quotes in two minutes.", "Live jewelry auctions from $1.", "LASIK as low as $299 per eye, 0% for 24 months.", "Find foreclosures and tax lien properties in your area.", "An investment system that has made entrepreneurs millions.", "Participation required, see terms.", "Complete two offers to receive your gift.", "Your vehicle's extended warranty is about to expire.", "Solar panels at no cost to homeowners.", "Walk-in tubs for seniors.", "Compare life insurance and save 70%.", "Receive a designer purse and wallet set, free.",
        ],
        closings: &["To stop receiving announcements: click here, {number} Military Trail, {city}", "To unsubscribe write to: {firm}, {number} Main Street", "This is an advertisement. To remove yourself reply with remove."],
    },
    Topic {
        label: Label::Spam, dress: Dress::Linked,
        subjects: &["Your bonus is waiting", "Play the best casino", "RE: I found the jackpot!", "Up to $2400 free", "200% auf die erste Einzahlung", "Gewinnen Sie heute", "VIP invitation"],
        sentences: &[
            "Get a 400% bonus on your first deposit.", "The best online casino: blackjack, roulette, slots, poker.", "Play now and win the jackpot.", "Fast payouts, fair games.", "$500 free chips for new players.", "No deposit needed, 50 free spins.", "Download our free software and play.", "Besuchen Sie das beste Casino im Internet.", "Willkommensbonus von 1000 Euro für neue Spieler.", "Hundert Freispiele warten auf Sie.",
        ],
        closings: &["", "Good luck!", "Viel Glück"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Bare,
        subjects: &["Get the degree you deserve", "University diplomas", "Your degree", "No exams, no classes"],
        sentences: &[
            "Get a university degree based on your life experience.", "Bachelors, Masters, MBA and doctorate (PhD) available in the field of your choice.", "No required tests, classes, books or interviews.", "Everyone is approved, nobody is turned down.", "Call now to receive your diploma within days: 1-206-{number}", "Confidentiality assured.", "Earn the money and respect that you deserve.",
        ],
        closings: &["", "Call 24 hours a day"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Bare,
        subjects: &["Job offer", "Vacancy in your region", "Part time work from home", "Earn from home", "We found your resume", "Cooperation", "Start tomorrow", "financial freedom", "Nebenjob von zu Hause"],
        sentences: &[
            "We offer a part time job with an income of $3000 per month.", "No experience is needed, two hours a day.", "Work from home with your own computer.", "You receive transfers on your account and keep 8% of each.", "We look for transfer managers in your country.", "Be your own boss, fire yours.", "I made {price} dollars in my first week.", "This is not MLM and not a get rich scheme.", "Financial freedom is closer than you think.", "A business opportunity for serious people only.", "Send your name, age and phone number to {mail}.", "Wir suchen Mitarbeiter für Heimarbeit, bis zu 3000 Euro im Monat.", "The bitcoin robot trades for you, guaranteed profit every day.", "Double your investment in 30 days.", "Secret shoppers wanted in your area.",
        ],
        closings: &["", "Best regards, HR department", "{first} {last}, manager"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Bare,
        subjects: &["Your website", "SEO proposal", "Re: first page ranking", "Website redesign", "Mobile app development", "Quick question about your site", "Offer for {firm}", "Toner and ink", "Factory supply", "Inquiry: LED lights", "Attendees list"],
        sentences: &[
            "I was on your website and found several errors that keep it from ranking.", "We can put your website on the first page of Google.", "Our SEO services include link building, content and backlinks.", "We are a web design and app development company from India with 150 developers.", "Shall I send you a quote and our portfolio?", "We are a professional manufacturer with 15 years of experience.", "Our factory makes high quality products at wholesale prices.", "Catalogue and price list are sent on request.", "Would you be interested in the attendees list of the trade fair?", "We have 20 million email addresses, sorted by country and industry.", "Bulk email hosting and targeted leads.", "Toner cartridges up to 70% off.", "Increase your sales and traffic today.", "Kindly share your phone number and a good time to call.", "Promotional products with your logo, free samples.",
        ],
        closings: &["Thanks, {first}, business development manager", "Regards, {first}", "If you do not want to hear from us, reply with no."],
    },
    Topic {
        label: Label::Spam, dress: Dress::Newsletter,
        subjects: &["Newsletter {number}", "{first}, catch 77% discounts", "User {first}, get 80% off today", "Special notification", "Re: registration", "Your subscription {number}", "Best offers of the day", "Changes in scheme"],
        sentences: &[
            "Having trouble viewing this email? View it in your browser.", "Everything at -79% today.", "You are subscribed to the monthly newsletter of our members.", "Click here to view as a web page.", "Stay connected with the latest news from the community.", "Subscribe | Unsubscribe | Privacy policy | Contact us", "Do not let this spoil your relationships.", "BEST offers of the day.", "This message contains graphics. If you do not see images, click here.",
        ],
        closings: &["All rights reserved.", "Copyright, all rights reserved. Unsubscribe"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Salad,
        subjects: &["{salad}", "{salad}", "Re: {salad}", "of {salad}", "All that you need", "This is what I was talking about", "keep this quiet", "Think I can help you with this", "Save now", "in that {salad}"],
        sentences: &["See attachment.", "Look at the picture.", ""],
        closings: &[""],
    },
    Topic {
        label: Label::Spam, dress: Dress::Linked,
        subjects: &["Sie haben gewonnen, {first}", "Ihr Nivea-Paket wird vorbereitet", "Überraschung vom ADAC", "Gib dir selbst die Promi-Diät", "Win vandaag nog een cadeaukaart", "Uw mening telt: kans op 500 euro", "Felicitaciones, usted ganó", "Vous avez été choisi", "Você foi selecionado", "Congrats {first}", "Letzte Erinnerung: Ihr Geschenk"],
        sentences: &[
            "Sie wurden ausgewählt, um ein Produkt zu erhalten.", "Fordern Sie Ihr kostenloses Notfallkit jetzt an!", "Exklusives Angebot: 50 % Rabatt nur heute.", "Beantworten Sie drei kurze Fragen und sichern Sie sich Ihren Gewinn.", "Beantwoord een korte enquête en maak kans op een cadeaukaart.", "U bent de winnaar van deze week.", "Eindelijk verlost van je pijn.", "Vous avez été sélectionné pour recevoir un cadeau exclusif.", "Répondez à notre court sondage et recevez un bon d'achat.", "Usted ha sido seleccionado para recibir un premio.", "Responda la encuesta y reciba su recompensa.", "Você ganhou um prêmio, responda à pesquisa.", "Answer our short survey and get a $500 voucher.", "You have been chosen to receive a heated vest.", "Only 3 left in stock, order now.", "Claim your reward before midnight.",
        ],
        closings: &["", "qx{number}", "Klicken Sie hier, um sich abzumelden"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Bare,
        subjects: &["HI", "Hello dear", "Olá", "From {first}", "cumprimentando com carinho", "Greetings in the name of God", "Urgent reply", "Good news", "Investment", "Donation", "Hallo", "Attention beneficiary"],
        sentences: &[
            "I am a successful business woman and need a trustworthy partner in your country.", "There is a genuine need for an investment of a substantial amount in your country.", "I inherited ${sum} from my late father and want to move it out of here.", "I offer you 40% of the total sum for your assistance.", "Please contact me as soon as possible for more details.", "I have sent you several emails and got no answer.", "I have good news for you.", "If you received this message in your spam folder, it is due to your provider.", "I am dying of cancer and want to donate ${sum} to charity through you.", "Your fund of ${sum} is ready for transfer, send your full name and phone number.", "Quero que você me ajude a investir o dinheiro que herdei do meu falecido pai.", "Por favor, entre em contato comigo o mais rápido possível.", "Ich habe eine Spende von {sum} Euro für Sie.", "Ich bin Anwältin und vertrete einen verstorbenen Kunden mit Ihrem Nachnamen.", "My name is Mrs. {first} {last}, widow of a diplomat.", "The bank will release the money to the next of kin.", "Keep this transaction confidential.",
        ],
        closings: &["God bless you, {first}", "Reply to {mail}", "Sincerely, barrister {last}", "Mrs. {first} {last}"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Bare,
        subjects: &["代开发票", "企业培训课程", "新税法筹划", "優惠活動報", "出会いの場", "無料登録", "写真見てください", "Семинар по налогам", "Рассылка рекламы", "Раскрутка сайтов"],
        sentences: &[
            "本公司可代开各种发票，税率优惠，欢迎来电咨询。", "可先验证后付款，手续简单。", "财务管理与税务筹划培训班，名额有限，请尽快报名。", "深圳、上海、北京同时开课。", "联系人：{last} 先生，电话：{number}", "最新優惠活動，歡迎來電。", "登録は無料です。今すぐ会えます。", "人妻があなたを待っています。", "写真を見て気に入ったらメールください。", "逆援助、謝礼あり、秘密厳守。", "Приглашаем на семинар для бухгалтеров и директоров.", "Массовая рассылка рекламы по вашей базе, недорого.", "Раскрутка сайтов, гарантия первых мест.", "Тел. {number}, звоните сейчас.",
        ],
        closings: &["", "{number}"],
    },
];

pub(crate) const PHISH: &[Topic] = &[
    Topic {
        label: Label::Phish, dress: Dress::Linked,
        subjects: &["you've just received a postcard!", "{first} sent you a greeting card", "You have an ecard", "A friend has sent you a greeting"],
        sentences: &[
            "Hi, you've just received a postcard.", "To view the postcard click this link or copy it to your browser's address bar.", "The card will be kept for 10 weeks.", "Your friend has sent you a greeting card from our site.", "Please do not answer this e-mail.", "If you cannot see the card, install the viewer.",
        ],
        closings: &["", "The postcard service"],
    },
    Topic {
        label: Label::Phish, dress: Dress::Bare,
        subjects: &["Your receipt {number} is marked complete", "Invoice {number} confirmed", "Requested invoice {number}", "Order confirmation {number}", "Invitation: receipt status confirmed", "Subscription renewed", "Hi, you paid your account statement {number}"],
        sentences: &[
            "Your {brand} subscription has been renewed for ${price}.", "The amount will be debited from your account within 24 hours.", "If you did not authorize this payment, call our help line 1 (808) {number}.", "Receipt number: {number}. Membership ID: {number}.", "We are writing to inform you that your yearly plan renewed today.", "To cancel and get a refund call toll free.", "Your order of bitcoin over PayPal is confirmed.", "Verification account {number} is processed.", "See the attached invoice for details.",
        ],
        closings: &["Billing team", "Customer support {number}", ""],
    },
    Topic {
        label: Label::Phish, dress: Dress::Linked,
        subjects: &["Claim your XRP allocation", "Token distribution has begun", "Wallet verification required", "Your wallet will be restricted", "Airdrop for active accounts"],
        sentences: &[
            "Exciting news for our community: the foundation is rewarding holders.", "Users can claim up to 30% more depending on account age and activity.", "Registration opens today and ends on Friday.", "Connect your wallet to receive your tokens.", "Verify your recovery phrase to keep access to your wallet.", "Your wallet has not been verified and will be suspended.", "Access the reserve and receive your allotment instantly.",
        ],
        closings: &["The foundation", "Wallet team", ""],
    },
    Topic {
        label: Label::Phish, dress: Dress::Linked,
        subjects: &["Su paquete está suspendido", "Confirmar ahora", "U heeft 1 pakket dat op bezorging wacht", "Bevestig uw online toegang", "A senha da sua caixa postal expirou", "Votre colis est en attente", "Vos droits expirent bientôt", "Il tuo pacco è in sospeso", "Ihr Konto wird eingeschränkt", "Últimos dias para regularizar"],
        sentences: &[
            "Tienes un paquete esperando ser entregado, usa tu código para recibirlo.", "Programa tu entrega y paga la tasa de aduana.", "Su cuenta ha sido bloqueada por seguridad, verifique sus datos.", "Uw pakket wacht op bezorging, betaal de verzendkosten.", "Belangrijke veiligheidsmelding: bevestig uw gegevens om toegang te houden.", "A senha expirou, o sistema irá desconectá-lo em 24 horas.", "Regularize sua situação para evitar multa.", "Votre compte sera suspendu, mettez à jour vos informations.", "Réservez votre formation avant expiration de vos droits.", "Votre colis n'a pas pu être livré, confirmez votre adresse.", "Il tuo conto è stato limitato, conferma i tuoi dati.", "Bestätigen Sie Ihre Daten, sonst wird Ihr Zugang gesperrt.", "Ihre Karte läuft ab, aktualisieren Sie die Registrierung der App.",
        ],
        closings: &["", "Servicio al cliente", "Klantenservice", "Suporte", "Service client", "Kundenservice"],
    },
];
