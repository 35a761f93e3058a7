//! English phrases of fraud, by theme, each with its points. By hand, 2026-11.
//!
//! Touches nothing. `# theme` begins a theme; a line is `points phrase`; three points make a
//! finding. Phrases are compared as `normal::plain` writes text.

pub(super) const TABLE: &str = "
# credentials
3 verify your account
3 confirm your account
3 verify your identity
2 confirm your identity
3 account has been suspended
3 account has been limited
3 account has been locked
3 account will be suspended
3 account will be closed
3 account will be deactivated
3 account will be terminated
2 account has been temporarily
2 account suspension
3 restore your account
2 reactivate your account
2 restore access
2 unusual sign in
2 unusual activity
2 suspicious activity
2 unauthorized access
2 unauthorized login
3 password expires
3 password will expire
3 password has expired
3 password is about to expire
3 keep your current password
3 keep same password
3 keep the same password
2 update your information
2 update your account
3 update your billing
3 update your payment
3 payment was declined
2 payment declined
2 your payment method
3 confirm your information
3 validate your account
3 validate your email
2 click here to verify
2 click here to confirm
2 click the link below to verify
2 security of your account
1 within 24 hours
1 within 48 hours
1 dear customer
1 dear valued customer
1 dear user
2 wallet will be suspended
2 verify your wallet
3 recovery phrase
3 seed phrase
2 your apple id
1 log in to your account
1 sign in to your account
# mailbox
3 mailbox is full
3 mailbox is almost full
3 mailbox has exceeded
3 exceeded its storage
3 exceeded your mailbox
3 mailbox quota
3 mailbox storage
2 email quota
2 storage limit
3 pending messages
3 undelivered messages
3 undelivered mails
3 incoming messages
2 messages are pending
3 messages on hold
3 emails on hold
3 release messages
3 release your messages
3 retrieve messages
3 mailbox will be
2 email account will be
3 upgrade your mailbox
3 validate your mailbox
3 verify your mailbox
3 re validate your mailbox
3 email deactivation
2 deactivate your email
2 cloud storage is full
2 storage is full
2 your photos and videos will be
# payment
3 wire transfer today
2 urgent wire
2 wire transfer
2 urgent payment
2 process a payment
2 make a payment
2 initiate a payment
2 same day payment
2 outstanding payment
2 keep this confidential
2 keep this between us
2 strictly confidential
2 in a meeting
2 cant talk right now
2 cannot talk right now
1 as soon as possible
1 i will forward the invoice
2 beneficiary account
2 account and routing
1 swift code
# gift
3 gift cards for
3 purchase gift cards
3 buy gift cards
3 buy some gift cards
3 get gift cards
3 itunes gift card
3 itunes cards
3 steam cards
3 google play cards
3 google play gift
3 apple gift cards
3 amazon gift cards
2 scratch the back
2 scratch off the back
2 send me the codes
2 picture of the cards
2 reimburse you
1 surprise some of the staff
1 gift cards
# bank
3 change of bank details
3 change in bank details
3 changed our bank
3 new bank details
3 updated bank details
3 update our bank details
3 bank account has changed
3 new banking details
3 new banking information
3 updated banking
3 change my direct deposit
3 update my direct deposit
3 change my bank
3 direct deposit information
2 payroll information
2 before the next payroll
2 next pay date
2 our account is under audit
2 account is currently under
2 remit payment to
# available
3 are you available
3 are you at your desk
3 are you in the office
3 are you free at the moment
3 are you around
2 are you there
3 i need a favor
3 i need a favour
3 need you to handle
3 need you to run
3 quick task
3 quick favor
3 urgent task
2 send me your cell
2 send me your mobile
2 your cell phone number
2 drop your number
2 your personal number
2 whatsapp number
1 get back to me
1 let me know if you are
# invoice
2 overdue invoice
2 unpaid invoice
2 outstanding invoice
2 invoice attached
1 attached invoice
1 payment is overdue
2 past due invoice
2 final notice
2 auto renewed
2 has been renewed
2 subscription has been renewed
2 auto renewal
2 you will be charged
2 amount will be debited
2 to cancel call
2 call us immediately
2 toll free
2 if you did not authorize
2 did not make this purchase
2 customer support at
2 order has been confirmed
1 payment receipt
1 your invoice
2 remittance advice
2 proof of payment
2 payment copy
2 swift copy
# extortion
3 i recorded you
3 recorded a video of you
3 i have full access to your
3 access to your device
3 access to all your contacts
3 infected your
3 your device was infected
3 installed a trojan
3 installed malware
3 installed spyware
3 visited adult
3 adult sites
3 adult websites
2 masturbating
2 masturbation
2 masturbate
3 pleasuring yourself
3 to all your contacts
3 to your friends and family
3 delete the video
2 compromising video
2 embarrassing
2 i know your password
2 is your password
2 hacked your
2 bitcoin wallet
2 my bitcoin
2 my btc
2 transfer bitcoin
2 in bitcoin
2 btc address
2 48 hours to pay
2 you have 48 hours
2 you have 50 hours
1 pervert
1 ddos attack
1 ransom
# lottery
3 you have won
3 you are the winner
3 you have been selected
3 winning number
3 lucky winner
3 email lottery
2 lottery
3 claim your prize
3 claim your reward
3 claim your gift
3 you are a winner
3 congratulations you
2 unclaimed
2 you have been chosen
2 exclusive reward
2 free gift
2 survey and
2 short survey
2 take the survey
2 get your free
2 gift card worth
2 voucher
2 jackpot
2 free spins
2 bonus code
1 limited time
1 congratulations
1 act now
# fortune
3 next of kin
3 late client
3 deceased client
3 inheritance
3 my late husband
2 million dollars
3 million united states dollars
2 million usd
2 us dollars
2 consignment
3 atm card
3 compensation fund
3 unclaimed fund
3 fund transfer to your
3 transfer of the fund
3 foreign partner
3 business proposal
2 mutual benefit
3 donate the sum
3 i am donating
3 donation to you
3 humanitarian
2 barrister
2 dying of cancer
2 diagnosed with cancer
2 god bless
2 dear beloved
2 dear friend
2 beneficiary
2 your full name
2 trunk box
2 diplomat
2 united nations
2 bank of africa
2 central bank
2 confidential business
2 utmost confidence
2 loan offer
2 interest rate of
2 we offer loans
2 apply for a loan
2 investment funding
1 kindly reply
1 reply me
# parcel
3 your package could not be delivered
3 package could not be
3 parcel could not be
3 unable to deliver your
3 your parcel is waiting
3 your package is waiting
3 package is waiting
3 package is on hold
3 parcel is on hold
3 delivery attempt
3 failed delivery
3 missed delivery
3 delivery failure
3 delivery fee
3 shipping fee
3 customs fee
3 customs duty
3 confirm your address
3 confirm your delivery
3 reschedule your delivery
3 schedule your delivery
2 delivery has been suspended
2 tracking number
2 your parcel
2 your package
1 courier
# tax
3 tax refund
3 tax rebate
3 refund is pending
3 eligible for a refund
3 eligible to receive a
3 claim your refund
3 refund notification
2 irs refund
2 stimulus payment
2 tax return
2 government grant
1 refund of
# voicemail
3 new voicemail
3 new voice message
3 voice message from
3 voicemail from
3 missed voice
3 audio message
3 listen to voicemail
3 play voicemail
3 play message
3 voicemail received
3 fax message
3 new fax
3 received a fax
3 efax
3 incoming fax
2 scanned document
2 scan from
2 voicemail
2 voice message
# document
3 shared a document with you
3 shared a file with you
3 shared document
3 document has been shared
3 file has been shared
3 has shared a file
3 review and sign
3 review document
3 view document
3 document to sign
3 sent you a document to review
3 pending signature
3 completed via docusign
3 access document
2 secure document
2 encrypted document
2 confidential document
2 encrypted message
2 secure message
2 open document
2 view file
2 payment document
1 docusign
1 onedrive
1 sharepoint
";
