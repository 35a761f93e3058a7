//! Phrases of goods that are advertised without being asked for, by theme, each with its points. By
//! hand, 2026-11.
//!
//! Touches nothing. Written as in `english`; mostly English, with German and a few set phrases of
//! other languages.

pub(super) const TABLE: &str = "
# stock
3 strong buy
3 aggressive buy
3 aggresive buy
3 day target
3 call your broker
3 contact your broker
3 contact broker
3 stock alert
3 penny stock
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
3 shoe in to double
3 shoein to double
3 double by end of
3 double by the end of
3 speculative buy
3 exchanges are hot
3 excnahges are hot
3 markets alert
3 opening bell
3 investors alert
3 stock newsletter
3 this stock
3 sub one cent
3 red hot product
3 trade like crazy
3 through the roof
3 cannot go wrong
2 otcbb
2 at 2 cents
2 cents
2 huge volume
2 hot news
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
3 online drugstore
3 your medications for
3 your medication at
3 buy your medication
3 order your medication
3 ship your medication
3 reduced rate
3 on your drugs
3 best medications
2 medication
2 drugstore
2 medicines
2 medss
# potency
3 penis enlargement
3 penis enlarge
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
3 vibrating ring
3 vibration ring
3 about your size
3 like a porn star
3 mind blowing
3 your dick
3 enlarge patch
3 big pennis
2 love making
2 lovemaking
2 dick
2 cock
2 ejaculate
2 peniz
2 pennis
2 viagra pro
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
3 your profile and
3 found you attractive
3 coming to your place
3 coming to your city
3 visiting your town
3 meet each other in person
3 toying her
3 licked by
3 best girls
3 girls waiting
3 girls ready
2 lesbian
2 blonde
2 incest
2 escorts
2 esc0rts
2 busty
2 shaved
2 latina
2 mature
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
3 brand new replica
3 look 99
2 replikas
2 designer watch
2 impress your friends
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
";
