//! German phrases of fraud, by theme, each with its points. By hand, 2026-11.
//!
//! Touches nothing. The format is that of `english.rs`.

pub(super) const TABLE: &str = "
# credentials
3 bestätigen sie ihr konto
3 bestätigen sie ihre daten
3 bestätigen sie ihre identität
3 konto wurde gesperrt
3 konto wurde eingeschränkt
3 konto wurde vorübergehend
3 konto wird gesperrt
3 konto gesperrt
3 konto wird deaktiviert
3 konto vorübergehend
3 sperrung ihres kontos
3 konto zu verifizieren
3 verifizieren sie ihr
3 aktualisieren sie ihre daten
3 daten zu aktualisieren
3 daten aktualisieren
3 ihre daten bestätigen
3 datenabgleich
3 passwort läuft ab
3 passwort ist abgelaufen
3 passwort läuft in kürze ab
3 kennwort läuft ab
3 aktuelles passwort behalten
3 ungewöhnliche aktivität
3 ungewöhnliche anmeldung
3 verdächtige aktivitäten
3 unbefugten zugriff
3 photo tan
3 pushtan
3 tan verfahren
3 s pushtan
2 sicherheitsüberprüfung
2 sicherheitsupdate
2 zahlungsmethode
2 zahlung abgelehnt
2 online banking
2 zugang zu ihrem konto
2 legitimation
1 sehr geehrter kunde
1 sehr geehrte kundin
1 innerhalb von 24 stunden
1 innerhalb von 48 stunden
2 um ihr konto
# mailbox
3 postfach ist voll
3 postfach ist fast voll
3 speicherplatz ist voll
3 speicher ist voll
3 postfach überschritten
3 postfachspeicher
3 ausstehende nachrichten
3 nicht zugestellte nachrichten
3 nachrichten zurückgehalten
3 nachrichten freigeben
3 e mail konto wird
3 postfach bestätigen
3 ihr postfach
# payment
3 dringende überweisung
3 dringende zahlung
3 überweisung heute
2 eilüberweisung
2 überweisung tätigen
2 zahlung veranlassen
2 vertraulich behandeln
2 streng vertraulich
2 in einer besprechung
2 in einem meeting
1 so schnell wie möglich
# gift
3 geschenkkarten kaufen
3 gutscheinkarten
3 google play karten
3 itunes karten
3 steam karten
3 rubbeln sie
2 geschenkkarten
2 codes schicken
# bank
3 bankverbindung geändert
3 bankverbindung hat sich geändert
3 neue bankverbindung
3 änderung der bankverbindung
3 änderung unserer bankverbindung
3 bankdaten geändert
3 neue bankdaten
3 gehaltskonto
3 konto für mein gehalt
2 nächste gehaltszahlung
# available
3 sind sie verfügbar
3 sind sie im büro
3 sind sie am platz
3 bist du verfügbar
3 bist du im büro
3 hast du kurz zeit
3 haben sie kurz zeit
3 brauche ihre hilfe
3 um einen gefallen
2 ihre handynummer
2 deine handynummer
# invoice
3 offene rechnung
2 mahnung
2 letzte mahnung
2 zahlungserinnerung
2 inkasso
2 rechnung im anhang
2 unbezahlte rechnung
2 zahlungsbeleg
1 ihre rechnung
2 gerichtsvollzieher
# extortion
3 ich habe sie gefilmt
3 video von ihnen
3 zugriff auf ihr gerät
3 ihr gerät infiziert
3 trojaner installiert
3 an alle ihre kontakte
3 ihre kontakte senden
3 webseiten für erwachsene
3 pornoseiten
2 bitcoin wallet
2 in bitcoin
2 48 stunden zeit
2 ihr system gehackt
# lottery
3 sie haben gewonnen
3 sie wurden ausgewählt
3 gewinn abholen
3 herzlichen glückwunsch sie
3 ihr gewinn
3 gewinner
3 gewinnspiel
3 umfrage teilnehmen
3 belohnung erhalten
3 gutschein im wert
2 exklusive belohnung
2 kostenlos erhalten
2 kurze umfrage
2 freispiele
2 bonus sichern
1 herzlichen glückwunsch
# fortune
2 millionen euro
2 millionen dollar
3 erbschaft
3 verstorbenen kunden
3 spende an sie
3 spenden an sie
3 geschäftsvorschlag
2 bitte antworten sie
2 kredit anbieten
2 kreditangebot
2 zinssatz von
3 passives einkommen
3 bitcoin system
2 reich werden
# parcel
3 paket konnte nicht zugestellt
3 paket wartet
3 paket wird zurückgehalten
3 sendung konnte nicht
3 ihre sendung
3 ihr paket
3 zollgebühr
3 zollgebühren
3 versandkosten bezahlen
3 zustellung bestätigen
3 lieferung bestätigen
3 lieferadresse
3 sendungsverfolgung
2 zustellversuch
# tax
3 steuererstattung
3 steuerrückerstattung
3 rückerstattung
3 steuerrückzahlung
3 erstattungsanspruch
2 bundeszentralamt für steuern
# voicemail
3 neue sprachnachricht
3 neue voicemail
3 sprachnachricht erhalten
3 neues fax
3 fax erhalten
2 sprachnachricht
# document
3 dokument mit ihnen geteilt
3 datei mit ihnen geteilt
3 dokument wurde freigegeben
3 dokument unterzeichnen
3 dokument anzeigen
3 dokument öffnen
2 vertrauliches dokument
";
