//! Sentences of invented spam by trade, continued: what is sold by telephone, by rumour and by
//! survey. All are our own.
#![cfg_attr(rustfmt, rustfmt_skip)]

use crate::notes::{Dress, Topic};
use posthouse_classifier::Label;

pub(crate) const SPAM: &[Topic] = &[
    Topic {
        label: Label::Spam, dress: Dress::Bare,
        subjects: &["{first} here", "Be your own boss", "Time for a change", "It is your turn", "No more nine to five", "Better late than never", "realistic extra income", "you asked how I do it", "Work less, live more"],
        sentences: &[
            "How does three thousand a day sound to you?", "Tired of the nine to five and of annoying co-workers?", "Stay at home in your pajamas and simply return phone calls.", "If you own a phone you can do this.", "Call to hear a recorded message: 8OO . {small}7 . {number}", "Simply dial the number and listen how others do it.", "Stop wasting your money on things that do not work.",
            "I make fifteen hundred to three thousand every single day.", "There is no selling, no meetings and nobody to convince.", "The sun is shining and I sit on the porch while the money comes in.", "We do all of the work, you only answer the calls.", "You can start today and be paid this week.", "My first check came after ten days.", "It is simple, it is fun and it is not a pyramid.", "Call now, 24 hours, seven days a week.", "Find out why hundreds of families quit their jobs.", "Say goodbye to traffic and alarm clocks.",
        ],
        closings: &["", "{first}", "Talk to you soon, {first}"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Bare,
        subjects: &["Are you ready for tonight?", "So you wanted another mail from {first}?", "{first} wants to show you her toys", "FW: the party", "Hi, it's {first}, let's catch up", "bedroom secrets", "It was nice to see you"],
        sentences: &[
            "Are you ready for an amazing night?", "Introducing the ring that vibrates: comfortable, discreet and washable.", "This toy is taking the world by storm and everybody talks about it.", "Give yourself and your woman a sensual experience.", "Lovemaking that never fails to satisfy.", "One product alone can give you the result that you desire.", "At last there is a solution to all troubles in the bedroom.", "The girls really love me since I take those pills.", "I measured myself last night and gained another inch this week.",
            "You forgot the name of the site, so here it is again.", "She screamed my name and asked for more.", "Ships in a plain box, nobody will know.", "Type the address into your browser: www {path} com", "Replace the star with a dot: www*{path}*com", "Open www.{path} and add COM after the dot.", "Do you want a large one?", "Like it with a young woman? Visit us.", "You never have to feel insecure about your size.", "Ever wished you could last like a porn star?", "Did you come within minutes again?", "People judge your size by your shoes.", "You will fill her completely.",
        ],
        closings: &["", "kiss, {first}", "{path}"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Linked,
        subjects: &["order your medication from home", "We ship to your door step", "Spend less when you buy medication", "the same medication at a reduced rate", "authentic v, fast delivery", "online meds", "Special offer", "most attractive prices for medicines", "We sell all medss", "MedHelp {number}"],
        sentences: &[
            "The same medication at a lower rate.", "Get your medications for 70% less.", "Spend less on the medication that you need.", "We ship your medication to your doorstep.", "Order from the comfort of your own home.", "Good morning, we would like to present our new drugstore.", "Find all the meds that you need at great prices, 24/7 support.", "Only quality pills, low prices, money back guaranty.", "We can recommend this pharmacy, we check the quality of its drugs often.", "Recover your health.", "Confidential and secure purchase.", "Do not waste your time at the doctor's.", "Mega authentic, fast delivery.", "Getting older is natural, but this can stop it at least in one place.", "Be confident about what goes on down there.", "Viggra, Ciallis, Vallium, Xannax, Ulltram at a bargain.",
        ],
        closings: &["", "Health department"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Bare,
        subjects: &["Frankfurt exchange news", "Opening bell message", "This one is set to rise", "All investors alert {number}", "For investors", "Re: be there on monday", "re:", "instance", "the symbol", "Update: speculative buy rating", "German markets alert", "Important report"],
        sentences: &[
            "German exchanges are hot!", "Watch {ticker}.F trade like crazy on Friday, this Frankfurt stock goes through the roof.", "WKN: A0{ticker} ISIN: US68{number}", "Company: {firm} Beverage, SYM-{ticker}, currently two cents, cheap.", "This one is a shoe-in to double by the end of the week.", "The last two that we told you of returned more than 13000 percent.", "We told you, imagine that you get in on the next one.", "{firm} starts a huge campaign, watch for the news.", "Higher oil production: they drill to 2000 feet and make 1850 barrels a day.", "Look at the {ticker} symbol, it is unbelievable, it starts to burn.", "Have you seen how companies below one cent take off on good news?", "At such a low price even the smallest gain is a significant percentage.",
            "We expect amazing gains, be part of it, add it to your radar.", "The research firm has issued a speculative buy rating, the price target is {small}.05.", "Welcome to the stock newsletter, issue {small}.", "The world has gone wireless and {firm} is at the right place with a red hot product.", "Financial results are expected to be announced this week.", "Can not go wrong at two cents.", "Get in Monday, do not regret it later.", "It is projected to go to 70 cents in the short term alone.", "See the picture: http://img{small}.{path}.com/my.php?image={path}.png",
        ],
        closings: &["", "Good trading", "It could only be found behind the old gate."],
    },
    Topic {
        label: Label::Spam, dress: Dress::Announcement,
        subjects: &["Free {thing} for your opinion", "Try a new mixer set", "Select your favourite cookies", "Get a laptop *MID{number}", "Early paycheck notice", "Participate now", "Own the software that Hollywood hates", "Old secrets of witchcraft", "Discover the power of your idea", "Could you win the lotto?", "You are invited to an online presentation", "Prices for doctor lists go up"],
        sentences: &[
            "Participate now and have a {thing} sent to you for being part of our simple program.", "This offer is sponsored exclusively by the rewards group.", "Complete the offers of our sponsors to qualify.", "Your funds of 1500 usd are available.", "We will help you with your bills this month.", "Get out of the rat race and work from home.", "View our presentation on line.", "Copies everything, final sale, limited quantity.", "Cast powerful spells and make your wildest dreams come true.", "My silly idea sold twelve million copies, let me take you by the hand.", "The system has been awarded a patent.", "Have you had this operation? Then you need to read this.", "As low as 299 dollars per eye.",
            "Database 1: 780,000 physicians in the USA, sortable by specialty, cost $299.", "Database 2: 17,000 addresses of hospitals and their managers.", "The sale ends on Friday, order now.", "Dear valued recipient, thank you for responding.", "Purse and wallet set of the new collection.", "Taste three packs for free.", "You could drive this car for free.",
        ],
        closings: &["Please use this link to remove yourself from future ads.", "To stop receiving announcements: {number} 1st Street Suite {small}", "Or write to: {firm}, {number} Main Street, {city}", "This is an advertisement. Terms and conditions apply."],
    },
    Topic {
        label: Label::Spam, dress: Dress::Linked,
        subjects: &["Your life is in danger", "Watch your body change", "Be leaner by next week", "I am {small} years young!", "Of diet and {salad}", "Make yourself attractive", "HGH", "it {salad} at {salad}"],
        sentences: &[
            "Summer comes, it is time to tone up.", "Save your life, lose your weight!", "Do not be stupid, save yourself.", "Make yourself more attractive to others.", "Be leaner and slimmer by next week!!!", "I was amazed that the first two pills took my appetite away.", "I have been taking it for five weeks and there is a noticeable improvement in me.", "I wake up without pain in my muscles.", "When I run out I shall order as much as my pension will allow.", "Testimonials of happy users:", "The pill that changes your life.", "Forget about belly and double chin.", "Smile, we can make you happy.",
        ],
        closings: &["", "We can help you"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Bare,
        subjects: &["R.e: talk.ing to y.ou", "Loo.king f.or a friend?", "Would l.ike to chat with you", "Hello from {city}", "Do not ignore me", "I come to your town", "Privet!", "about you"],
        sentences: &[
            "Hope that I am not writing to a wrong adbdress.", "I am a nice and pretty looking girl.", "I plan to visit your town this mo.nth.", "Can we meet ea.ch other in perso.n?", "I am here sitting in an internet caffe and found your email.", "I might come to your place in {small} days.", "Do not ignore me please.", "I was searching the net a few days ago and saw your pro.file.", "I am new to this thing and decided to email you because I found you attracative.", "I am very easy to talk to.", "Reply me at {mail} and I will send you my pictu.res.", "Mbessage me back at {mail}", "When I was a child they taught me that it is bad to take what is not yours.", "I broke up with my friend and look for a serious man abroad.",
        ],
        closings: &["", "Bye, {first}"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Newsletter,
        subjects: &["Greetings, {first}, get 80% off", "Sale reminder for {first}", "Hey {first}, final sale", "Your 78% off voucher is here", "Everything is cancelled today", "Personally for you", "Return my money", "Party plans", "{first}, enter our shop", "Daily News {number}", "Week of discounts", "Company on free mails"],
        sentences: &[
            "If you can't see this email, click here.", "Having trouble reading this email? View it in your browser.", "To view this email as a web page, click here.", "Daily newsletter, Monday.", "You subscribed to the daily newsletter on June {small}.", "About Unsubscribe Privacy", "Policies | Forms | Training | Recruiting | Advertisement", "Dear member, it is once again our pleasure to bring you another edition.", "Update preferences | Forward to a friend | Add to address book", "What limits you? Only your body limits your lovemaking.", "Nowadays a man can change his potential.", "Breaking news on pharmaceutical technology daily.", "To ensure delivery please add us to your address book.", "Terms and conditions, privacy policy, contact.",
        ],
        closings: &["All rights reserved.", "© {firm} LLC. All rights reserved. Unsubscribe", "You received this because you are a {path} newsletter subscriber."],
    },
    Topic {
        label: Label::Spam, dress: Dress::Linked,
        subjects: &["Betaalt u te veel voor energie?", "Zonnepanelen tegen de beste prijs", "Jouw reis naar liefde", "Waarom reageer je niet?", "Mutuelle: comparez avant de payer", "Vos droits à la formation", "Keine Lust mehr auf Kabelgebühren?", "Letzte Benachrichtigung zum Notfallset", "Bonus de fidélité", "Seguros de coche baratos", "Retorno de proposta", "300% en su primer depósito"],
        sentences: &[
            "Bespaar deze winter honderden euro's op uw rekening.", "Ontvang het beste energietarief voor uw adres.", "Vergelijk gratis offertes van installateurs in uw buurt.", "Doe mee aan het nationale onderzoek en maak kans op prijzen.", "Ontmoet charmante singles uit Oekraïne.", "In deze tijd is intiem contact extra waardevol.", "Eindelijk verlost van uw voetpijn.", "Votre mutuelle a augmenté? Comparez en deux minutes.", "Financez votre formation grâce à vos droits.", "Apaiser la douleur, retrouver la souplesse.", "Genießen Sie erstklassiges Streaming ohne Bindung und ohne versteckte Gebühren.", "Gewinnen Sie ein Werkzeugset, teilen Sie Ihre Meinung.", "Nehmen Sie am Treueprogramm teil und sichern Sie sich das Geschenk.", "Gostaria de confirmar o recebimento da proposta do seu plano de saúde.", "Kit completo de segurança, evite assaltos.", "Los casinos en línea son conocidos por sus generosos bonos.", "Compare seguros y ahorre hasta un 40%.",
        ],
        closings: &["", "Para sair responda PARAR", "Uitschrijven", "Se désinscrire", "Abmelden"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Bare,
        subjects: &["公司代开发票", "深圳有限公司", "企业所得税筹划", "出口报关代理", "男性版パトロン", "友達がいるんだけど", "逆援助の出会い", "У Вас недостаточно клиентов?", "Семинар для бухгалтеров"],
        sentences: &[
            "我公司现有国税地税的发票向外代开，如有需要请来电话。", "尊敬的各位老板，您好！", "代理货物进出口报关，办理产地证、健康证。", "主办单位：管理顾问公司，开课地点：深圳、上海、北京。", "收费标准：2300 元每人，含授课费、资料费。", "请转发给相关部门，谢谢！", "联系电话：1 3 9 2 7 2 7 {small}", "当サイトでは秘密の関係、割り切った関係を無料でご紹介しています。", "いきなりメールしちゃってごめんね。", "今流行りのママに出会えるサイトはここしかない！", "完全無料、ご近所の女性と今すぐ会えます。", "Вам нужна быстрая и эффективная реклама? Мы разошлём её миллионам.", "Приглашаем на семинар: изменения налогового законодательства.",
        ],
        closings: &["", "{number}"],
    },
    Topic {
        label: Label::Spam, dress: Dress::Salad,
        subjects: &["{salad}", "Re: {salad}", "Great for us all", "Happy with them all", "Go do loan", "so {salad}", "one of", "Standing out", "{first}", "to {salad}", "Security tips", "the best prices for the medicines", "{salad} {salad}"],
        sentences: &[""],
        closings: &[""],
    },
];

/// What is said around drawn pictures: prose without a story. It is to mean nothing.
pub(crate) const PROSE: &[&str] = &[
    "the lamp was lit before the old captain had found his other shoe", "She could not remember whether the garden had been there in the morning.", "upon which the miller, who had never seen a king, bowed to the horse", "and the letter lay unread beneath the clock until winter.", "It was said of the three brothers that none had ever been late for supper", "for the river had no bridge and the ferryman no patience",
    "Whoever opens the second door must close the first one gently,", "Then the schoolmaster laughed so heartily that the geese flew up", "a thing which in those days was thought to be most improper", "He carried his hat as one carries a full glass.", "There is, my dear aunt, no better cure than a long walk", "and nobody in the village spoke of the lighthouse again", "so that every window looked like a small yellow moon",
    "Reader feeds widget samples located, operating validation routines.", "Class loader returns a handle to the panel, see the toolkit reference.", "Topics tagged cloud list sort, register items bookmark forms.", "Details status intended audience, plugin report mailing discussed.", "Format partition without warranty, driver samples requires restart.", "Editors choice review archive podcasts, training chatroom search.", "A modal window keeps the focus of its parent until it is closed.",
    "Officials said on Monday that the talks had been put off until autumn.", "The team won by nine points after trailing at the break.", "Store brands of canned food were recalled after tests in two states.", "The minister denied the report and blamed the weather.", "Police closed the road between the harbour and the market.",
    "of gray stone above the slow and patient water", "what was it that the wind had meant to tell", "Nothing is lost but what was never kept", "the orchard, white, and no one to be seen",
];
