//! Dutch phrases of fraud, by theme, each with its points. By hand, 2026-11.
//!
//! Touches nothing. The format is that of `english.rs`.

pub(super) const TABLE: &str = "
# credentials
3 verifieer uw account
3 verifieer je account
3 bevestig uw account
3 bevestig uw gegevens
3 bevestig uw identiteit
3 bevestig je gegevens
3 account is geblokkeerd
3 account is opgeschort
3 account wordt geblokkeerd
3 account is beperkt
3 rekening is geblokkeerd
3 rekening wordt geblokkeerd
3 betaalpas
3 bankpas
2 nieuwe pas
3 gegevens bijwerken
3 gegevens te bevestigen
3 werk uw gegevens bij
3 ongebruikelijke activiteit
3 verdachte activiteit
3 wachtwoord verloopt
3 wachtwoord is verlopen
3 digid
2 mijn ing
2 betaalmethode
2 betaling geweigerd
2 verificatie
1 geachte klant
1 beste klant
1 binnen 24 uur
1 binnen 48 uur
# mailbox
3 mailbox is vol
3 postvak is vol
3 opslagruimte is vol
3 opslag is vol
3 wachtende berichten
3 niet afgeleverde berichten
# payment
3 dringende betaling
3 spoedbetaling
3 dringende overboeking
2 strikt vertrouwelijk
2 in een vergadering
# gift
3 cadeaubonnen kopen
3 cadeaukaarten
2 cadeaubonnen
# bank
3 gewijzigd rekeningnummer
3 nieuw rekeningnummer
3 gewijzigde bankgegevens
3 nieuwe bankgegevens
# available
3 ben je beschikbaar
3 bent u beschikbaar
3 ben je op kantoor
3 heb je even tijd
# invoice
3 openstaande factuur
3 openstaande schuld
3 openstaand bedrag
2 betalingsherinnering
2 aanmaning
2 incasso
2 deurwaarder
2 onbetaalde factuur
1 uw factuur
3 gerechtsdeurwaarder
3 beslag
# extortion
3 toegang tot uw apparaat
3 toegang tot je apparaat
3 video van je
3 al je contacten
3 pornosites
2 in bitcoin
# lottery
3 je hebt gewonnen
3 u heeft gewonnen
3 u bent geselecteerd
3 je bent geselecteerd
3 gefeliciteerd
3 loterij
2 winnaar
2 claim je
2 gratis
2 vragenlijst
# fortune
2 miljoen euro
2 miljoen dollar
3 erfenis
3 donatie
2 lening aanbieden
# parcel
3 uw pakket
3 je pakket
3 uw zending
3 bezorgkosten
3 verzendkosten
3 douanekosten
3 inklaringskosten
3 bezorging bevestigen
2 bezorgpoging
# tax
3 belastingteruggave
3 teruggave
3 belastingdienst
2 terugbetaling
# voicemail
3 nieuwe voicemail
3 nieuw spraakbericht
3 spraakbericht
# document
3 gedeeld document
3 document gedeeld
3 document ondertekenen
3 document bekijken
";
