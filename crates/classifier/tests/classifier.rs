//! The classifier from outside, on small mails of our own: what is learned, what never is, and what
//! hostile bytes do.

use std::sync::OnceLock;

use posthouse_classifier::{
    BULK_LEVEL_STRICT, Classification, ENTRIES_MAX, FINDINGS, LEARNED_BYTES_MAX, Label, Learned,
    Model, ModelError, SAYS_MAX, Said, Trainer, USERS_SAY_MAX, Voice, bulk_finding, bulk_level,
    classify, classify_for,
};
use posthouse_mime::{MimeLimits, Reading};
use posthouse_types::{Concern, Language};

fn read(raw: &str) -> Reading {
    posthouse_mime::read(raw.as_bytes(), &MimeLimits::default())
}

fn mail(from: &str, subject: &str, body: &str) -> String {
    format!("From: {from}\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{body}\n")
}

/// Forty mails of each class from few invented words.
fn examples() -> Vec<(Label, Reading)> {
    let mut out = Vec::new();
    for n in 0..40 {
        let friend = ["Ada", "Ben", "Cleo", "Dan"].get(n % 4).unwrap_or(&"x");
        let place = ["the library", "the garden", "our office", "the station"]
            .get(n / 4 % 4)
            .unwrap_or(&"x");
        let pill = ["tablets", "capsules", "remedies", "drops"].get(n % 4).unwrap_or(&"x");
        let ham = mail(
            &format!("{friend} <{friend}@friends.example>"),
            "Minutes of the meeting",
            &format!(
                "Hello,\nwe met at {place} and agreed on the draft. {friend} writes the report {n}."
            ),
        );
        let spam = mail(
            "Best Shop <deal@shop.example>",
            "Cheap offer for you",
            &format!("Buy cheap {pill} now, huge discount, order today http://shop{n}.example/buy"),
        );
        let phish = mail(
            "Account Service <service@bank.example>",
            "Your account is suspended",
            &format!(
                "Dear customer, verify your password within 24 hours or the account near {place} is closed http://192.0.2.7/{n}"
            ),
        );
        let bulk = mail(
            "Garden News <news@garden.example>",
            "Our autumn newsletter",
            &format!(
                "This month in our newsletter: roses, {pill} for roots. You subscribed; unsubscribe here http://garden.example/u/{n}"
            ),
        );
        out.push((Label::Ham, read(&ham)));
        out.push((Label::Spam, read(&spam)));
        out.push((Label::Phish, read(&phish)));
        out.push((Label::Bulk, read(&bulk)));
    }
    out
}

fn train<'a>(examples: impl Iterator<Item = &'a (Label, Reading)>) -> Model {
    let mut trainer = Trainer::new();
    for (label, reading) in examples {
        trainer.add(*label, reading);
    }
    trainer.finish(|_, _| ())
}

/// One model for all tests: training is the slow part.
fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| train(examples().iter()))
}

fn spam() -> Reading {
    read(&mail(
        "Shop <x@other.example>",
        "Cheap offer",
        "Buy cheap capsules now, huge discount, order today",
    ))
}

fn ham() -> Reading {
    read(&mail(
        "Eve <eve@friends.example>",
        "Minutes",
        "Hello, we met at the garden and agreed on the report.",
    ))
}

fn phish() -> Reading {
    read(&mail(
        "Service <a@b.example>",
        "Account suspended",
        "Dear customer, verify your password within 24 hours http://192.0.2.9/x",
    ))
}

#[test]
fn what_was_learned_is_told_apart() {
    let model = model();
    let [good, bad, fraud] = [ham(), spam(), phish()].map(|reading| classify(model, &reading));
    assert!(good.bad < -1.0, "{good:?}");
    assert!(bad.bad > 1.0 && bad.phish < 0.0, "{bad:?}");
    assert!(fraud.bad > 1.0 && fraud.phish > 0.0, "{fraud:?}");
}

#[test]
fn the_same_mails_in_any_order_make_the_same_model() {
    let examples = examples();
    let forward = train(examples.iter()).to_bytes();
    let backward = train(examples.iter().rev()).to_bytes();
    assert!(forward == backward);
    assert!(forward == train(examples.iter()).to_bytes());
}

#[test]
fn a_model_survives_its_bytes() {
    let model = model();
    let again = Model::from_bytes(&model.to_bytes()).unwrap();
    assert!(*model == again);
    assert_eq!(classify(model, &spam()), classify(&again, &spam()));
    assert_eq!(again.counts().spam, 40);
}

#[test]
fn hostile_model_bytes_are_errors_and_never_panics() {
    let bytes = model().to_bytes();
    for end in [0, 1, 7, 8, 12, 15, 40, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(Model::from_bytes(&bytes[..end]).is_err(), "{end}");
    }
    for at in (0..bytes.len()).step_by(bytes.len() / 60 + 1) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x41;
        assert!(Model::from_bytes(&damaged).is_err(), "{at}");
    }
    assert_eq!(
        Model::from_bytes(b"From: a@b.example\n\nhello").unwrap_err(),
        ModelError::NotAModel
    );
    let long = vec![0; posthouse_classifier::MODEL_BYTES_MAX + 1];
    assert_eq!(Model::from_bytes(&long).unwrap_err(), ModelError::TooLong);
}

#[test]
fn the_shipped_model_loads_and_is_small() {
    let shipped = Model::shipped();
    assert!(shipped.weights() > 10_000);
    assert!(shipped.to_bytes().len() < 2_000_000);
}

#[test]
fn the_shipped_model_knows_plain_fraud_from_plain_work() {
    let shipped = Model::shipped();
    let fraud = read(&mail(
        "Security Team <info@kx81vd.example>",
        "Your account has been limited",
        "Dear customer, we detected unusual activity in your account. Verify your information within 24 hours \
         or your account will be closed: http://kx81vd.example/login.php?id=81",
    ));
    let work = read(&mail(
        "Ruth Lind <ruth.lind@works.example>",
        "Review of the drawings",
        "Hello Tom,\n\nI looked at the drawings and left two remarks on page three. Could we talk on Tuesday?\n\nRuth",
    ));
    assert!(classify(&shipped, &fraud).bad > classify(&shipped, &work).bad + 2.0);
    assert!(classify(&shipped, &work).bad < 0.0);
}

#[test]
fn header_names_and_dates_change_nothing() {
    let model = model();
    let body = "Subject: Cheap offer\nFrom: Shop <x@other.example>\n\nBuy cheap capsules now, order today\n";
    let roads = [
        String::new(),
        "X-Spam-Flag: YES\nX-Spam-Status: Yes, score=20\nReceived: from a by b\n".to_owned(),
        "Date: Mon, 1 Apr 2002 10:00:00 +0000\nMessage-ID: <1@collector.example>\nX-Mailer: Old\n".to_owned(),
        "List-Id: <l.example>\nTo: victim@trap.example\nAuthentication-Results: x; spf=fail\nX-MS-Exchange-Organization-SCL: 9\n".to_owned(),
    ];
    let scores = roads.map(|road| classify(model, &read(&format!("{road}{body}"))).bad);
    assert!(scores.iter().all(|score| *score == scores[0]), "{scores:?}");
}

#[test]
fn years_and_serial_numbers_are_all_the_same() {
    let model = model();
    let of = |year: &str| {
        classify(
            model,
            &read(&mail(
                "a@b.example",
                "Report",
                &format!("The report of {year} is here, order today"),
            )),
        )
    };
    assert_eq!(of("2003").bad, of("2026").bad);
}

#[test]
fn list_tags_and_reply_marks_are_not_read() {
    let model = model();
    let of = |subject: &str| {
        classify(model, &read(&mail("a@b.example", subject, "Hello, the draft is ready."))).bad
    };
    assert_eq!(of("Draft of the plan"), of("Re: [some-list] Draft of the plan"));
    assert_eq!(of("Draft of the plan"), of("[PATCH] AW: Draft of the plan"));
}

#[test]
fn a_list_s_footer_is_not_read() {
    let model = model();
    let text = "Hello, the draft of the report is ready.\n";
    let footer = "_______________________________________________\nx mailing list\nhttp://lists.example/listinfo/x\n";
    let of = |body: &str| classify(model, &read(&mail("a@b.example", "Draft", body)));
    let (bare, with) = (of(text), of(&format!("{text}{footer}")));
    assert!((bare.bad - with.bad).abs() < 0.3, "{} {}", bare.bad, with.bad);
}

#[test]
fn every_odd_mail_gets_a_finite_score() {
    let model = model();
    let long = "<a href='".repeat(20_000);
    let deep = "<div>".repeat(50_000);
    let brackets = "[".repeat(50_000);
    let words = "x".repeat(2_000_000);
    let html =
        |body: &str| format!("Subject: =?utf-8?B?====?= [[[\nContent-Type: text/html\n\n{body}");
    let mails = [
        String::new(),
        "\n\n\n".to_owned(),
        html(&long),
        html(&deep),
        html("<!--"),
        html("<style>"),
        html("<p style=\"display:none;;;:::\">&#x110000;&#0;&\u{0};<"),
        mail("<<<>>>@@@", &brackets, &words),
        mail("", "", &"http://a@b:c@d/?&=".repeat(5000)),
        mail("a", "b", &"\u{200b}\u{ad}\u{202e}".repeat(5000)),
    ];
    for raw in mails {
        let Classification { bad, phish, bulk, .. } = classify(model, &read(&raw));
        assert!(bad.is_finite() && phish.is_finite() && bulk.is_finite());
    }
}

#[test]
fn a_tenant_s_reports_move_that_tenant_alone() {
    let model = model();
    let (mut careless, other) = (Learned::new(), Learned::new());
    let before = classify_for(model, Some(&other), &spam()).bad;
    for _ in 0..200 {
        careless.learn(&spam(), Said::Wanted, Voice::Administrator);
    }
    let theirs = classify_for(model, Some(&careless), &spam());
    assert!(theirs.bad < before - 0.5, "{theirs:?}");
    assert_eq!(classify_for(model, Some(&other), &spam()).bad, before);
    assert_eq!(classify(model, &spam()).bad, before);
}

#[test]
fn a_tenant_s_reports_never_decide() {
    let model = model();
    let mut poisoned = Learned::new();
    for n in 0..500 {
        let text =
            format!("Buy cheap capsules now, discount {n}, order today, verify your password");
        poisoned.learn(
            &read(&mail("x@other.example", "Cheap offer", &text)),
            Said::Wanted,
            Voice::Administrator,
        );
    }
    for reading in [spam(), phish(), ham()] {
        let found = classify_for(model, Some(&poisoned), &reading);
        assert!(found.tenant.abs() <= SAYS_MAX);
        assert!((found.bad - classify(model, &reading).bad).abs() <= SAYS_MAX + 1e-4);
    }
}

#[test]
fn all_users_together_count_no_more_than_one_administrator() {
    let model = model();
    let says = |learned: &Learned| classify_for(model, Some(learned), &spam()).tenant;
    let (mut users, mut administrator) = (Learned::new(), Learned::new());
    administrator.learn(&spam(), Said::Unwanted, Voice::Administrator);
    users.learn(&spam(), Said::Wanted, Voice::User);
    assert!(-says(&users) < says(&administrator) / 2.0, "{}", says(&users));
    for _ in 0..1000 {
        users.learn(&spam(), Said::Wanted, Voice::User);
        administrator.learn(&spam(), Said::Wanted, Voice::User);
    }
    assert!(says(&users) >= -USERS_SAY_MAX);
    assert!(says(&administrator) >= -0.05, "what an administrator said stands");
    let again = Learned::from_bytes(&administrator.to_bytes()).unwrap();
    assert_eq!(again, administrator, "who said it is kept apart in the store too");
}

#[test]
fn what_a_tenant_taught_is_told_in_its_own_words() {
    let mut learned = Learned::new();
    learned.learn(&spam(), Said::Wanted, Voice::Administrator);
    let found = classify_for(model(), Some(&learned), &spam()).findings();
    let told = found.iter().find(|one| one.kind.id == "words-like-released-here").unwrap();
    assert!(told.weight() < 0.0);
    assert!(told.sentence(Language::English).contains("has released such mail before"));
    assert!(told.sentence(Language::German).contains("schon freigegeben"));
}

#[test]
fn what_a_tenant_taught_is_bounded_and_survives_its_bytes() {
    let mut learned = Learned::new();
    for n in 0..400 {
        let words: Vec<String> = (0..60)
            .map(|at| {
                format!("w{}q{}", char::from(b'a' + (n % 26) as u8), "z".repeat(at % 13 + n / 26))
            })
            .collect();
        learned.learn(
            &read(&mail(&format!("u{n}@d{n}.example"), &words[..5].join(" "), &words.join(" "))),
            Said::Unwanted,
            Voice::Administrator,
        );
    }
    assert!(learned.len() <= ENTRIES_MAX);
    let bytes = learned.to_bytes();
    assert_eq!(Learned::from_bytes(&bytes).unwrap(), learned);
    for end in [0, 8, 15, bytes.len() - 1] {
        assert!(Learned::from_bytes(&bytes[..end]).is_err());
    }
    assert!(Learned::from_bytes(&[0; LEARNED_BYTES_MAX + 1]).is_err());
}

#[test]
fn a_verdict_names_the_words_that_made_it() {
    let found = classify(model(), &spam());
    assert!(found.telling.len() <= 8);
    assert!(
        found.telling.iter().any(|(word, weight)| *weight > 0.0
            && ["cheap", "buy", "discount", "order", "today", "now"].contains(&word.as_str())),
        "{:?}",
        found.telling
    );
    let finding = &found.findings()[0];
    assert_eq!(finding.kind.id, "words-like-spam");
    assert!(finding.sentence(Language::English).contains("most telling: "));
    assert!(finding.sentence(Language::German).contains("am auffälligsten: "));
    assert_eq!(classify(model(), &ham()).findings()[0].kind.concern, Concern::Trust);
    assert!(FINDINGS.iter().any(|kind| kind.id == finding.kind.id));
}

#[test]
fn bulk_is_found_by_its_fields_and_by_its_content() {
    let model = model();
    let text = "This month in our newsletter: roses. You subscribed; unsubscribe here http://garden.example/u/1";
    let bare = mail("Garden News <news@garden.example>", "Our autumn newsletter", text);
    let by_content = classify(model, &read(&bare)).bulk;
    assert!(by_content > classify(model, &ham()).bulk + 1.0);
    let marked = read(&format!(
        "List-Unsubscribe: <https://g.example/u>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\nFeedback-ID: 1:2:3:g\n{bare}"
    ));
    assert!(bulk_level(&marked, 0.0) >= BULK_LEVEL_STRICT);
    let finding = bulk_finding(&marked, 0.0).unwrap();
    assert!(finding.sentence(Language::English).contains("List-Unsubscribe"));
    let by_content = bulk_finding(&read(&bare), 4.0).unwrap();
    assert_eq!(by_content.kind.id, "reads-like-a-mailing");
    let sent = read(&format!("X-SG-EID: abc\n{bare}"));
    assert!(
        bulk_finding(&sent, 2.0).unwrap().sentence(Language::German).contains("wegen X-SG-EID")
    );
}

#[test]
fn a_discussion_list_s_mail_is_not_bulk() {
    let reading = read(&format!(
        "List-Post: <mailto:l@lists.example>\nList-Unsubscribe: <mailto:u@lists.example>\nPrecedence: list\nIn-Reply-To: <1@a.example>\n{}",
        mail("a@b.example", "Draft", "I agree.")
    ));
    assert!(bulk_level(&reading, -2.0) < BULK_LEVEL_STRICT);
    assert!(bulk_finding(&reading, f32::NAN).is_none());
}
