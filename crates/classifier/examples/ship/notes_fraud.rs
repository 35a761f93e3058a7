//! Sentences of invented fraud by topic, continued: wallets, renewals, waiting money, in several
//! languages. All are our own.
#![cfg_attr(rustfmt, rustfmt_skip)]

use crate::notes::{Dress, Topic};
use posthouse_classifier::Label;

pub(crate) const PHISH: &[Topic] = &[
    Topic {
        label: Label::Phish, dress: Dress::Newsletter,
        subjects: &["Token redistribution begins now", "Holding XRP pays out, claim your share", "Presale is live", "Airdrop allocation for early holders", "Staking rewards of 33 %", "Your withdrawal has been approved", "Case approved: your assets are available", "Recent breach of the connect kit", "Security patch: CVE-{number}", "Scan your device now", "Synchronization required ({small})"],
        sentences: &[
            "The reserve token redistribution is open for registration.", "Depending on account age and activity you can claim up to 30% more based on your own balance.", "We deliver other excellent news a month after the decision.", "You have been identified as an eligible client to begin withdrawing digital assets.", "Withdrawals are matched to the balance that your account held at the time.", "Our system has shown that your device has not been KYC updated.", "The update can be done easily with your personal link below.", "Wallets that are not up to date will be limited.", "Several security issues have been found in previous and current versions.", "A high severity vulnerability affects the communication of your hardware wallet, we released a patch.", "Register and instantly receive the additional tokens.", "The presale is open for the next 40 hours.", "Join the exclusive accelerator and stake your coins.", "An updated version of the wallet with better security and clarity is available.", "Back up your recovery phrase to the new vault.",
        ],
        closings: &["The Foundation", "Wallet support", "Can't see this email? View in your browser", ""],
    },
    Topic {
        label: Label::Phish, dress: Dress::Bare,
        subjects: &["Order confirmation for order #NP{number}", "Your e-purchasing update {number}", "Requested invoice {path}", "Membership renewal", "OrderConfirmation:{number}", "Was this you?", "Another year of rewards", "Invitation: payment confirmed", "Account!!! Update payment information"],
        sentences: &[
            "We hope that you enjoy all the benefits of your {brand} subscription.", "Just a quick reminder: your annual plan is set to renew automatically.", "Your protection plan will renew tomorrow for ${price}.", "Payment method: saved card, no action is needed.", "If this wasn't you, please call us immediately: +1 888 {number}", "There was a recent login to your account from Nigeria.", "The order has been placed, the amount shows on your statement within 24 hours.", "To cancel the purchase and get a refund talk to our specialist: +1 (8O8) {number}", "{path} confirmed by the paid customer.", "Thank you for choosing our antivirus, billing support +1 {number}", "Your membership could not be renewed, update your card.", "The receipt is attached as a PDF.", "Money sale receipt number: ORD{number}",
        ],
        closings: &["Billing department", "Customer care {number}", "", "Regards, {first} {last}"],
    },
    Topic {
        label: Label::Phish, dress: Dress::Linked,
        subjects: &["Your score has been released: +${small}49", "Active mining balance 0.7{small} BTC", "Withdrawal error, amount USD", "Bitcoin deposit", "[{path}] Login details", "Confirm your account +$4,{small}11", "Issue #{small}: exclusive staking", "IMPORTANT! Security vulnerability detected in your repo", "Withdraw your {number}$", "Giving away crypto"],
        sentences: &[
            "Your account already has {number}$, you have only 24 hours.", "We have deposited 42 BTC as you requested into your portfolio.", "Customer id: {number}, password: {path}", "Dear member, it has come to our attention that your cloud mining account was inactive for a year.", "Withdraw your funds before the account is deleted.", "We have detected a security vulnerability in your repository, contact us to get more information.", "Our community starts exclusive staking together with the platform.", "To set your password, visit the following address.", "One last step to confirm your account.", "Reply to this email directly or view it on the site.", "https://drive.google.com/file/d/{path}{path}/preview", "Congratulations, you're lucky! Your pass to decentralized innovation is here.",
        ],
        closings: &["", "{path}", "Score released"],
    },
    Topic {
        label: Label::Phish, dress: Dress::Bare,
        subjects: &["Transação pendente {path}", "Resgate pendente {path}", "ENC: Extrato {number}", "Valores a receber - protocolo {path}", "Seus pontos expiram hoje", "Prioritário: contate-nos", "Um login suspeito em sua conta", "Notificação emitida {path}", "Su cuenta será suspendida", "Intentaremos contactar con usted"],
        sentences: &[
            "Compra em análise no valor de R${small}49,99, para confirmar digite (1).", "Caso não reconheça, ligue para a nossa central: 0800 {number}", "Existem valores a receber pendentes vinculados ao seu CPF.", "Acesse o anexo em PDF para mais informações, senha de acesso: {small}34", "Sua conta de pontos está desabilitada, habilite em 24 horas.", "Prezado(a) cliente, você possui saldo liberado para resgate.", "Um login suspeito em sua conta foi detectado.", "Sua senha expira hoje, mantenha a mesma senha no portal.", "Hemos retenido su paquete por una tasa pendiente.", "Confirme sus datos para no perder el acceso.", "De: Atendimento Enviado: terça-feira Para: {mail} Assunto: aviso",
        ],
        closings: &["", "Protocolo {number}", "Central de atendimento", "Servicio de atención"],
    },
    Topic {
        label: Label::Phish, dress: Dress::Bare,
        subjects: &["Project", "I await your response", "OLA", "Bom dia", "Resposta urgente", "Cumprimentos", "If found in spam please move to inbox", "Fwd: It's your lucky day!", "RE: APPROVAL", "Ihre wohlverdiente Belohnung", "Good afternoon, may be you are free to talk", "Fw: Hello my unblemished"],
        sentences: &[
            "Can we talk? I have a very lucrative deal to discuss with you.", "Would you be able to handle a project for us?", "I would like to present a private proposition about a probate file at my office.", "A humanitarian grant has been issued to you, kindly contact {mail} for quick claims.", "My name is Mrs. {first}, I donated to five people, you are one of them.", "Por favor, aceite minhas desculpas por lhe escrever uma carta surpresa.", "Sou gerente de contas de um banco de investimento e tenho um negócio importante.", "Herdei oito milhões de dólares de meu falecido pai e ofereço 45% a você.", "Você pode me ajudar a doar às instituições de caridade do seu país?", "Wir möchten Sie über die Freigabe Ihrer ausstehenden Zahlung informieren.", "Das Programm der Vereinten Nationen hat Ihre Entschädigung genehmigt.", "I hope you are free to talk, I am an attractive woman.", "How is everything? I want to make friends with you.", "Get back to me so that I can proceed with the details.",
        ],
        closings: &["Regards, Ms. {first}", "Obrigado, Sra. {first} {last}", "Thanks, Mrs {first} {last}", ""],
    },
    Topic {
        label: Label::Phish, dress: Dress::Linked,
        subjects: &["Achtung: Ihr Konto wird gelöscht", "Ihr Gerät ist infiziert", "Überprüfen Sie jetzt Ihre Daten", "U heeft 1 pakket", "Uw pakket wacht op bezorging", "We have updated our privacy policy", "Subscription final notice", "Your tax documents are ready", "Stop viruses before it is too late", "Back up all your photos", "Your mailbox requires an upgrade", "Card validation"],
        sentences: &[
            "Warnung: Ihr Gerät ist mit 32 Viren infiziert, das Abo ist abgelaufen.", "Ihr Konto wird als inaktiv markiert und in 2 Tagen gelöscht.", "Bestätigen Sie Ihre Daten, sonst wird der Zugang gesperrt.", "Ihr Fahrzeug braucht eine neue Plakette, zahlen Sie heute.", "Uw pakket kon niet bezorgd worden, bevestig uw adres.", "According to new regulation (KYC) you need to verify that you own the account.", "We noticed that your payment method isn't working any more.", "CONFlRM NOW", "For security reasons this statement must be opened on a Windows computer.", "Hackers don't sleep, and neither does our antivirus.", "Find lost photos on your computer with one click.", "This message is from our technical support team, your mail size requires an upgrade.", "Validate your card or it will be blocked.",
        ],
        closings: &["", "Service status", "This message is from a trusted sender.", "Support-Team"],
    },
];
