//! Phrases of what is advertised without being asked for, by theme, each with its points. By
//! hand, 2026-11.
//!
//! Touches nothing. Written as in `english`; mostly English, with German and a few set phrases of
//! other languages.

pub(super) const TABLE: &str = "
# stock
3 strong buy
3 aggressive buy
3 aggresive buy
3 day target price
3 day target
3 call your broker
3 contact your broker
3 contact broker
3 stock alert
3 penny stock
3 hot stock pick
3 stock pick
3 investor alert
3 undervalued stock
3 add this to your radar
3 watch it trade
3 watch this stock
3 this stock is
3 stock report
3 hot report
3 symbol tip
3 market report
3 get on this train
3 ride the wave
3 boersenmeldung
2 borsenmeldung
2 frankfurt exchange
2 watch it on
2 is exploding
2 volume spike
2 will double
2 target price
2 projected price
2 current price
2 insider buying
2 stock symbol
2 trade alert
2 trading alert
2 pink sheets
2 pinksheets
2 otc
2 bullish
2 going to explode
2 about to explode
2 on your radar
2 before the market
2 set to rise
2 big news expected
2 get in before
2 buying alert
2 shares of
2 forward looking statements
1 symbol
1 broker
1 momentum
3 kaufen kaufen
3 heisse aktie
3 aktie des
2 kursziel
2 wkn
2 isin
2 prognose
2 anleger
2 borse
# pharmacy
3 online pharmacy
3 canadian pharmacy
3 canadian health
3 pharmacy online
3 internet pharmacy
3 no prescription
3 without prescription
3 without a prescription
3 prior prescription
3 prescription needed
3 prescription required
3 discount drugs
3 cheap meds
3 cheap drugs
2 generic drugs
3 generic viagra
3 generic medications
3 prescription medications
3 prescription drugs
2 brand name drugs
3 quality medications
3 weight loss pills
3 per pill
2 our pharmacy
2 pharmacy
2 medications
2 meds
2 pills
2 soft tabs
2 viagra
2 cialis
2 levitra
2 tadalafil
2 sildenafil
2 xanax
2 valium
2 ambien
2 tramadol
2 phentermine
2 vicodin
2 hydrocodone
2 propecia
2 meridia
2 modafinil
2 oxycodone
2 codeine
1 zoloft
1 lipitor
1 prozac
1 soma
3 online apotheke
3 ohne rezept
2 rezeptfrei
2 potenzmittel
3 sans ordonnance
3 sin receta
3 farmacia online
3 sem receita
# potency
3 penis enlargement
3 penis enlarge
3 enlarge your penis
3 enlarge your
3 bigger penis
3 longer penis
3 your penis
3 size of your
3 your manhood
3 sexual performance
3 sexual stamina
3 sexual desire
3 sexual life
3 premature ejaculation
3 last longer in bed
3 longer lasting erections
3 male enhancement
3 enhancement pills
3 satisfy her
3 satisfy your woman
3 please your woman
3 your girlfriend will
3 size matters
3 gain inches
3 extra inches
3 erectile dysfunction
2 penis
2 manhood
2 erection
2 erections
2 impotence
2 orgasm
2 orgasms
2 ejaculation
2 libido
2 your sex life
2 in bed
2 more sperm
2 stamina
1 inches
1 sexual
3 penisverlangerung
3 probleme im bett
2 potenz
2 erektion
# adult
3 adult dating
3 adults only
3 meet singles
3 singles in your area
3 local singles
3 lonely housewives
3 russian women
3 russian girls
3 russian brides
3 ukrainian women
3 asian women
3 hot girls
3 i am lonely
3 nice girl that
3 nice looking girl
3 good looking girl
3 looking for a man
3 see my photos
3 see my pics
3 my private photos
3 sex tonight
3 casual sex
3 get laid
3 hardcore
3 free porn
3 serious relations
3 serious relationship
2 gentleman
2 tender
2 your profile
3 porn videos
3 dating site
3 women near you
3 who want to meet you
3 wants to meet you
3 cheating wives
3 send you my picture
3 send you my photo
2 i am a girl
2 webcam
2 horny
1 naked
2 nude
1 porn
2 xxx
2 milf
2 sluts
2 pussy
2 fuck
2 blowjob
2 teens
2 sexy
2 hookup
2 soul mate
2 soulmate
2 new profile
1 girls
1 lonely
1 dating
3 geile
3 singles in deiner
3 singles aus deiner
3 seitensprung
3 erotische
2 erotik
2 nackt
3 出会い
3 人妻
3 逆援助
3 セフレ
# replica
3 replica watches
3 replica watch
3 replica rolex
3 rolex replica
3 rolex watches
3 rolex watch
3 luxury watches
3 swiss watches
3 designer watches
3 designer handbags
3 exact copies
3 perfect copies
3 replica handbags
3 luxury replica
2 replica
2 replicas
2 rolex
2 cartier
2 breitling
2 tag heuer
2 patek philippe
2 louis vuitton
2 vuitton
2 gucci
2 prada
2 luxury
2 timepieces
2 handbags
1 watches
1 omega
1 tiffany
1 exclusive
# software
3 oem software
3 cheap software
3 discount software
3 software for less
3 need software
2 original software
3 software store
3 cheap oem
3 download software
3 popular software
3 software at low
3 save on software
2 photoshop
1 adobe acrobat
2 office enterprise
2 office professional
2 windows xp professional
2 windows xp pro
2 windows vista ultimate
2 corel draw
2 coreldraw
2 autocad
2 macromedia
2 creative suite
2 our price
2 retail price
2 you save
2 instant download
2 softwares
1 oem
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
3 you are pre approved
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
3 one weird trick
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
# card
3 just received a postcard
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
