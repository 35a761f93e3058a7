//! Phrases of services and promises that nobody asked for, by theme, each with its points. By
//! hand, 2026-11.
//!
//! Touches nothing. Written as in `english`; mostly English, with German and a few set phrases of
//! other languages.

pub(super) const TABLE: &str = "
# loan
3 debt consolidation
3 consolidate your debt
3 eliminate your debt
3 get out of debt
3 debt free
3 credit card debt
3 lower your monthly
3 lower your payments
2 refinance
3 mortgage rates
3 mortgage rate
3 home loan
3 home equity
3 bad credit
3 no credit check
3 your credit history
3 credit does not matter
3 you have been approved
3 pre approved
3 your loan request
3 your mortgage application
3 loan is approved
3 personal loan
3 personal loans
3 payday loan
3 cash advance
3 rates as low as
3 tax relief
3 tax troubles
3 irs and state tax
3 owe the irs
3 back taxes
3 stop foreclosure
3 credit repair
2 insurance quote
3 insurance quotes
2 life insurance
3 term life
3 auto insurance
2 car insurance
3 save on insurance
3 extended warranty
3 auto warranty
3 car warranty
3 legal leads
2 mortgage
2 refinancing
2 lenders
2 low rates
2 fixed rate
2 credit score
2 home owner
2 homeowner
2 homeowners
1 loan
1 loans
3 sofortkredit
3 kredit ohne
3 ohne schufa
2 kreditangebot
# slimming
3 lose weight
3 weight loss
3 losing weight
3 burn fat
3 fat burning
3 fat burner
3 lose pounds
3 extra pounds
3 extra weight
3 excess weight
3 diet pill
3 diet pills
3 hoodia
3 belly fat
3 suppress your appetite
3 weird trick
3 doctors hate
3 doctors are stunned
3 blood sugar
3 anti aging
3 cbd gummies
3 cbd oil
3 keto
3 human growth hormone
3 look younger
3 years younger
3 hair loss
3 toenail fungus
3 joint pain
3 hearing loss
2 anatrim
2 acai
2 slim
2 slimming
2 obesity
2 appetite
2 overweight
2 wrinkles
2 tinnitus
2 neuropathy
2 prostate
2 hgh
2 supplement
2 corpulent
2 kilos
2 miracle
1 diet
1 pounds
3 kilo abnehmen
3 schnell abnehmen
3 perdre du poids
3 perder peso
3 bajar de peso
2 abnehmen
3 signs of aging
3 turn back the clock
3 years young
3 attractive to others
3 watch your body
# gambling
3 online casino
3 casino bonus
3 casino online
3 vip casino
3 best casino
3 welcome bonus
3 deposit bonus
3 first deposit
3 free chips
3 free spins
3 sports betting
3 no deposit
2 casino
2 blackjack
2 roulette
2 poker
2 slots
2 jackpot
2 wagering
2 gambling
2 payout
1 bonus
3 willkommensbonus
3 freispiele
3 startguthaben
2 einzahlungsbonus
# diploma
3 university diploma
3 university degree
3 college degree
3 college diploma
3 get your degree
3 get a degree
3 get your diploma
3 no exams
3 no required tests
3 no tests
3 no examination
3 life experience
3 non accredited
3 without studying
3 bachelors masters
3 bachelor masters
2 diploma
2 diplomas
2 nonaccredited
2 doctorate
1 degree
1 bachelors
1 university
# income
2 work from home
3 work at home
1 working from home
2 make money
2 making money
3 extra income
3 extra cash
3 financial freedom
3 financially independent
3 earn up to
3 earn money
3 earn extra
3 passive income
3 be your own boss
3 home based business
2 home business
2 business opportunity
2 no experience needed
2 get paid
3 quit your job
3 money making
3 part time job
2 job offer
3 secret shopper
3 mystery shopper
3 bitcoin trading
3 bitcoin investment
3 crypto trading
3 crypto investment
3 trading signals
3 double your
3 guaranteed returns
3 guaranteed profit
3 investment opportunity
3 huge profits
3 payment processing agent
3 transfer manager
3 financial manager
3 free money
3 grant money
3 multi level
3 network marketing
2 downline
2 millionaire
2 mlm
3 geld verdienen
3 nebenverdienst fur
3 passives einkommen
3 von zu hause aus verdienen
3 bitcoin system
3 gagner de largent
3 ganar dinero
3 ganhar dinheiro
2 nebenjob
2 nebenverdienst
3 returning phone calls
3 return phone calls
3 dollars a day
3 each and every day
3 tired of working
3 tired of the routine
3 be the boss
3 rat race
3 online presentation
3 early paycheck
3 your funds are available
2 info line
2 recorded message
2 pyjamas
2 pajamas
# marketing
3 seo services
3 search engine optimization
3 first page of google
3 page one of google
3 top of google
3 google ranking
3 rank your website
3 ranking of your website
3 errors on your website
3 link building
3 website design services
3 web design services
3 web development services
3 redesign your website
3 app development
3 email marketing
3 email database
3 million email
2 bulk email
2 bulk mail
3 targeted leads
3 qualified leads
3 attendees list
3 increase your sales
3 boost your sales
3 traffic to your
3 website traffic
3 more visitors
3 toner cartridges
3 ink cartridges
3 leading manufacturer
3 professional manufacturer
3 we are a manufacturer
3 wholesale prices
3 promotional products
3 our factory
3 remove from list
3 removed from our
3 this is not spam
3 this message is sent in compliance
2 backlinks
2 seo
2 wholesale
1 leads
1 advertise
1 advertising
1 manufacturer
2 one time mailing
3 suchmaschinenoptimierung
3 代开发票
3 代开
2 发票
2 增值税
2 优惠
3 раскрутка сайтов
3 рекламных рассылок
2 рассылка
3 seo shell
3 physician email
3 hospital data
3 sortable by
2 cpanels
2 smtps
# card
3 received a postcard
3 received a greeting
3 sent you a greeting
3 sent you an ecard
3 sent you a postcard
3 greeting card from
3 ecard from
3 postcard from
3 to view your ecard
3 to view your card
3 to view the postcard
3 view your greeting
2 greeting card
2 ecard
2 postcard
2 friend has sent
1 greeting
";
