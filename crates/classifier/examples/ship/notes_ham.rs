//! Sentences of invented wanted mail by topic, also of the topics that spam lives on: money,
//! health, jobs, degrees, software, friends. All are our own.
#![cfg_attr(rustfmt, rustfmt_skip)]

use crate::notes::{Dress, Topic};
use posthouse_classifier::Label;

pub(crate) const HAM: &[Topic] = &[
    Topic {
        label: Label::Ham, dress: Dress::Letter,
        subjects: &["Quarterly numbers", "Our shares plan", "Board meeting", "Budget 2nd half", "Re: invoice {number}", "Price list for {firm}", "Cash flow"],
        sentences: &[
            "I attach the quarterly numbers, revenue is up by {small} percent.", "Could you check the price in the third row before I send it out?", "The investors want to see the forecast by Monday.", "Please approve the invoice of {firm}, it is two weeks old.", "The bank asks for the signed copy of the loan agreement.", "We sold the shares of the pension plan at the current price.", "The broker confirmed the order this morning.", "Our credit line stays as it is.", "I moved the payment to next week, as we agreed on the phone.", "The insurance covers the water damage in the basement.", "What did you think of their offer? I find it too expensive.",
        ],
        closings: &["Best, {first}", "Regards\n{first} {last}", "Thanks, {first}"],
    },
    Topic {
        label: Label::Ham, dress: Dress::Letter,
        subjects: &["Appointment on Thursday", "Re: your prescription", "Test results", "How is your back?", "Vaccination", "Sick today"],
        sentences: &[
            "Your prescription is ready at the pharmacy on {city} street.", "The doctor wants to see you again in {small} weeks.", "I took the pills for a week now and the pain is better.", "Can we move the appointment to {time}?", "I am ill today and work from home tomorrow.", "The insurance needs the form before the operation.", "Mum lost some weight, but the doctors say that she is fine.", "Please bring the medication list with you.",
        ],
        closings: &["Get well, {first}", "{first}", "Dr. {last}'s office"],
    },
    Topic {
        label: Label::Ham, dress: Dress::Letter,
        subjects: &["Re: job in {city}", "Your application", "Interview on Tuesday", "Offer letter", "PhD position", "Degree certificate", "Course registration"],
        sentences: &[
            "Thank you for your application, we would like to invite you to an interview.", "The job is part time, three days a week, in our office in {city}.", "Could you send me two references and your degree certificate?", "The salary that we talked about is confirmed, the contract follows by post.", "The university needs the diploma and a letter from your supervisor.", "The exam is on the {small}th at {time}, room 204.", "My thesis is nearly done, I only miss the last chapter.", "Registration for the course ends on Friday.",
        ],
        closings: &["Kind regards\n{first} {last}\nHuman Resources, {firm}", "Best, {first}", "Prof. {last}"],
    },
    Topic {
        label: Label::Ham, dress: Dress::Letter,
        subjects: &["Licences for the design team", "Office upgrade", "Re: laptop order", "Windows update", "Printer toner", "Backup failed last night", "VPN", "Re: build is broken", "Question about the driver", "segfault in 2.{small}"],
        sentences: &[
            "We need three more Photoshop licences and one of AutoCAD.", "The upgrade to the new Office is planned for the weekend.", "Please restart your computer after the Windows update.", "The printer on the second floor is out of toner, I ordered two cartridges.", "The backup failed again because the disk is full.", "I downloaded the software from their site and it does not install on my machine.", "Which version of the library do you link against?", "I get an error when I call the function with a null pointer.", "The patch below fixes it for me.", "Could you send the log file and the output of the command?", "The sample rate is wrong, the device drops packets when the buffer is small.", "I rebased the branch, the tests pass now.", "Thanks for the report, this is a known problem of the old kernel.",
        ],
        closings: &["Cheers, {first}", "{first}", "Thanks\n{first} {last}\nIT, {firm}", "-- \n{first}"],
    },
    Topic {
        label: Label::Ham, dress: Dress::Letter,
        subjects: &["Saturday", "pictures from the weekend", "Re: dinner", "happy birthday!", "holiday", "look at this", "the kids", "Re: house in {city}", "poker night", "wedding", "I miss you"],
        sentences: &[
            "Are you free on Saturday? We have dinner at our place at {time}.", "The pictures from the weekend are in the shared folder.", "Happy birthday, my dear, we are thinking of you!", "I love the watch that you gave me.", "Look at this, it made me laugh: https://www.{site}/{path}", "We looked at a house in {city}, the mortgage would be lower than our rent.", "The girls start school next week.", "Poker at {first}'s on Friday, bring cash.", "Thank you for the lovely card and the gift.", "I miss you, come and visit us soon.", "The flight lands at {time}, can you pick me up?", "Grandpa is in bed with a cold.", "Did you see the game last night?", "Let me know what you want to eat.",
        ],
        closings: &["Love, {first}", "{first}", "Kisses from all of us", "see you, {first}"],
    },
    Topic {
        label: Label::Ham, dress: Dress::Letter,
        subjects: &["Termin am Donnerstag", "AW: Angebot {number}", "Rechnung und Lieferschein", "Bilder vom Fest", "Krankmeldung", "Ihr Antrag", "AW: Kredit für den Anbau", "Protokoll der Sitzung", "Frage zur Lizenz", "Schulung"],
        sentences: &[
            "anbei das Protokoll der Sitzung mit der Bitte um Durchsicht.", "Können wir den Termin auf {time} Uhr verschieben?", "Das Angebot haben wir geprüft, beim Preis müssten wir noch einmal sprechen.", "Die Bank hat den Kredit für den Anbau genehmigt.", "Ich bin heute krank und melde mich morgen wieder.", "Die Bilder vom Fest liegen im gemeinsamen Ordner.", "Das Rezept liegt in der Apotheke bereit.", "Wir brauchen noch zwei Lizenzen für das Zeichenprogramm.", "Die Ware ist angekommen, der Lieferschein fehlt allerdings.", "Vielen Dank für die schnelle Antwort.", "Die Versicherung zahlt den Schaden am Auto.", "Wer kommt am Freitag mit zum Essen?",
        ],
        closings: &["Mit freundlichen Grüßen\n{first} {last}", "Viele Grüße\n{first}", "Liebe Grüße, {first}", "Gruß {last}"],
    },
    Topic {
        label: Label::Ham, dress: Dress::Letter,
        subjects: &["Reunión del jueves", "RE: presupuesto", "Fotos", "Réunion de jeudi", "RE: devis", "Vergadering donderdag", "Fatura de maio", "Riunione", "Re: orçamento"],
        sentences: &[
            "Adjunto el presupuesto que pidieron.", "¿Podemos mover la reunión a las {time}?", "Gracias por su respuesta, quedamos a la espera.", "Les fotos están en la carpeta.", "Veuillez trouver ci-joint le devis demandé.", "Pouvons-nous déplacer la réunion à {time} ?", "Merci pour votre retour rapide.", "In de bijlage vindt u de notulen van de vergadering.", "Kunnen we het overleg verplaatsen naar {time}?", "Bedankt voor de snelle reactie.", "Segue em anexo o orçamento.", "Podemos marcar a reunião para as {time}?", "In allegato il verbale della riunione.", "Ci vediamo giovedì alle {time}.",
        ],
        closings: &["Saludos, {first}", "Cordialement, {first} {last}", "Met vriendelijke groet, {first}", "Abraços, {first}", "Cordiali saluti, {first} {last}"],
    },
    Topic {
        label: Label::Ham, dress: Dress::Letter,
        subjects: &["Minutes", "Volunteers for Sunday", "Class of our year", "Newsletter draft", "Members' meeting", "Spam filter", "Abuse report", "fwd: strange mail"],
        sentences: &[
            "We still need volunteers for the bake sale on Sunday.", "The members' meeting elects a new treasurer.", "Here is a draft of the newsletter, please correct what is wrong.", "Somebody sent me an offer for Viagra again, can you block that sender?", "The filter caught a mail of our customer, could you release it?", "This looks like phishing to me, I did not click on anything.", "We collected {price} for the new playground.", "The old class meets in {city} in June.", "Please answer to the list and not to me only.",
        ],
        closings: &["Yours, {first}", "{first} {last}, secretary", "Thanks, {first}"],
    },
    Topic {
        label: Label::Ham, dress: Dress::Letter,
        subjects: &["Which card do you suggest?", "connect to the new device", "Question about the amplifier", "two boards in one case", "help with the installation", "Re: sample rate", "sensor", "receiver gain", "Update", "Calibration"],
        sentences: &[
            "Which network card do you suggest for the new device, tested and compatible already?", "Can two boards be used at the same time, or will they disturb each other?", "I want to receive with one channel and send with the other.", "The manual says 10 MHz, but my output is far too low.", "I have no experience with this, so any help is welcome.", "We bought the amplifier last month and now it gets hot immediately.", "Does anybody have an example that works with the current version?", "My setup is a laptop with {small} GB of memory and the 1 GbE cable that came with it.", "It works when I use the internal clock.", "I will try it tomorrow and let you know.", "Is there any limit to the length of the cable?", "Please find my configuration below.",
        ],
        closings: &["Thank you", "Thanks in advance\n{first}", "Best regards,\n{first} {last}", "Thank you.\n{first}"],
    },
    Topic {
        label: Label::Ham, dress: Dress::Letter,
        subjects: &["remove me", "unsubscribe", "Please remove my address", "subscription", "my emails bounce", "change of address", "I left the company", "Help: cannot post", "account closed"],
        sentences: &[
            "Please remove my email address from the distribution list.", "I do not want to receive these emails any more, how do I unsubscribe?", "I left the company, please use {mail} from now on.", "My messages to the list are rejected, do I have to subscribe first?", "If yes, please accept my subscription.", "I sent a message some days ago and have seen no answer, was it received?", "Links in mails are blocked by our administrator.", "My account will be closed at the end of the month.", "Could the manager of the list help me, please?", "I asked for a new password, but no mail arrives.",
        ],
        closings: &["Thanks, {first}", "{first} {last}", "Best regards,\n{first}", ""],
    },
    Topic {
        label: Label::Ham, dress: Dress::Letter,
        subjects: &["Fwd: brochure", "Data sheet", "Re: samples", "Visit next week", "Contract", "shipment", "Quotation {number}", "Meeting in {city}", "Re: project plan"],
        sentences: &[
            "Please find attached the data sheet and our quotation.", "Your shipment left our warehouse today, the tracking number follows.", "Could you let us have your best price for 50 pieces?", "We will be in {city} next week and would like to visit you.", "The contract needs your signature on page {small}.", "I look forward to hearing from you.", "As discussed on the phone, the delivery takes {small} weeks.", "Please confirm the delivery address and the tax number.", "The project plan is updated, phase two begins in May.", "Our manager will call you today at {time}.", "Let us know whether you want to go on with the offer.", "I am out of the office until Monday, please contact my colleague.",
        ],
        closings: &["Kind regards\n{first} {last}\nSales, {firm}\nTel. {number}", "Best regards,\n{first}\n{firm}, {number} Main Street, {city}", "Regards, {first}"],
    },
];
