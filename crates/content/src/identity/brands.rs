//! Names that strangers like to borrow, and the domains that are really theirs. By hand, 2026-11.
//!
//! Touches nothing. A line holds a brand's names, `|`, and its domains, the first one the best
//! known. `~` before the names: they are everyday words or short, so that likeness proves nothing
//! and only the whole name counts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::normal::fold;

const TABLE: &str = "
PayPal|paypal.com paypal-corp.com paypal.me paypal-communication.com paypalobjects.com
Microsoft,Office 365,Office365,Microsoft 365,OneDrive,SharePoint,Outlook Web|microsoft.com office.com office365.com microsoftonline.com live.com outlook.com onmicrosoft.com windows.com sharepoint.com sharepointonline.com microsoftemail.com azure.com hotmail.com msn.com xbox.com skype.com microsoft.net microsoftonline-p.com windowsupdate.com office.net
Google,Gmail|google.com gmail.com youtube.com googlemail.com google.dev googleapis.com withgoogle.com googlegroups.com googlesource.com googlepages.com googlecode.com googleusercontent.com google-analytics.com googlesyndication.com googleadservices.com googletagmanager.com gstatic.com
~Apple,iCloud,Apple ID,iTunes|apple.com icloud.com me.com mac.com itunes.com
Amazon,Amazon Prime|amazon.com amazon.co.uk amazonses.com amazonaws.com amazon.jobs media-amazon.com images-amazon.com ssl-images-amazon.com amazonpay.com awsstatic.com
Netflix|netflix.com nflxext.com
Facebook|facebook.com facebookmail.com fb.com meta.com fbcdn.net fb.me
Instagram|instagram.com facebookmail.com
WhatsApp|whatsapp.com facebookmail.com
LinkedIn|linkedin.com licdn.com lnkd.in
Twitter|twitter.com x.com twimg.com
TikTok|tiktok.com tiktokv.com
Telegram|telegram.org t.me telegram.me telegram.com
~Zoom|zoom.us zoom.com
DocuSign|docusign.com docusign.net
~Adobe,Adobe Sign,Acrobat Sign|adobe.com adobesign.com echosign.com
Dropbox|dropbox.com dropboxmail.com
WeTransfer|wetransfer.com
~Slack|slack.com
~GitHub|github.com
GoDaddy|godaddy.com secureserver.net
Cloudflare|cloudflare.com
WordPress|wordpress.com wordpress.org automattic.com
Shopify|shopify.com shopifyemail.com
Mailchimp|mailchimp.com mailchimpapp.com
Norton,NortonLifeLock|norton.com nortonlifelock.com gen.digital
McAfee|mcafee.com
Coinbase|coinbase.com
Binance|binance.com
MetaMask|metamask.io consensys.io
Ledger Live|ledger.com ledgerwallet.com
Trezor|trezor.io satoshilabs.com
Kraken|kraken.com
Blockchain.com|blockchain.com
Bitpanda|bitpanda.com
Trust Wallet,TrustWallet|trustwallet.com
DHL,DHL Express|dhl.com dhl.de dhl.fr
FedEx|fedex.com
~UPS,United Parcel Service|ups.com
USPS,United States Postal Service|usps.com usps.gov
~DPD|dpd.com dpd.de dpd.co.uk dpdgroup.com
~GLS|gls-group.eu gls-group.com
Royal Mail|royalmail.com royalmail.co.uk
~Evri|evri.com
Correios|correios.com.br
La Poste,Chronopost,Colissimo|laposte.fr chronopost.fr laposte.net
PostNL|postnl.nl postnl.be
~Correos|correos.es
~Poste Italiane|poste.it posteitaliane.it
Deutsche Post|deutschepost.de dhl.de
Swiss Post,Die Post|post.ch
~bpost|bpost.be
Australia Post,AusPost|auspost.com.au
~eBay|ebay.com ebayimg.com ebaystatic.com ebay.de ebay.co.uk
AliExpress|aliexpress.com
Alibaba|alibaba.com alibaba-inc.com alibabagroup.com alibabacloud.com
Walmart|walmart.com
Costco|costco.com
Home Depot|homedepot.com
~Target|target.com
~Lowe's,Lowes|lowes.com
MediaMarkt|mediamarkt.de mediamarkt.com
~Lidl|lidl.de lidl.com
Kaufland|kaufland.de
~Aldi|aldi.com aldi-sued.de aldi-nord.de
Mercado Livre,Mercado Libre|mercadolivre.com.br mercadolibre.com
Magazine Luiza,Magalu|magazineluiza.com.br magalu.com
Bank of America|bankofamerica.com bofa.com
~Chase,JPMorgan Chase|chase.com jpmorgan.com jpmchase.com
Wells Fargo|wellsfargo.com
Citibank,Citi Bank|citibank.com citi.com
Capital One|capitalone.com
American Express,Amex|americanexpress.com aexp.com
~Visa|visa.com
Mastercard|mastercard.com
~Discover|discover.com
HSBC|hsbc.com hsbc.co.uk
Barclays|barclays.com barclays.co.uk
Lloyds Bank,Lloyds|lloydsbank.com lloydsbank.co.uk lloydsbankinggroup.com
NatWest|natwest.com
~Halifax|halifax.co.uk
Santander|santander.com santander.co.uk santander.com.br
Nationwide Building Society|nationwide.co.uk
~Monzo|monzo.com
Revolut|revolut.com
~Wise,TransferWise|wise.com transferwise.com
~N26|n26.com
Sparkasse|sparkasse.de
Volksbank,Raiffeisenbank|vr.de volksbank.de
Commerzbank|commerzbank.de commerzbank.com
Deutsche Bank|deutsche-bank.de db.com
Postbank|postbank.de
Comdirect|comdirect.de
DKB,Deutsche Kreditbank|dkb.de
~ING,ING-DiBa|ing.com ing.de ing.nl
Rabobank|rabobank.nl rabobank.com
ABN AMRO|abnamro.nl abnamro.com
BNP Paribas|bnpparibas.com bnpparibas.net
Credit Agricole,Crédit Agricole|credit-agricole.fr
Societe Generale,Société Générale|societegenerale.com societegenerale.fr
Caixa,CaixaBank|caixabank.es caixabank.com caixa.gov.br
BBVA|bbva.com bbva.es
Bradesco|bradesco.com.br
Itau,Itaú|itau.com.br
Nubank|nubank.com.br
Banco do Brasil|bb.com.br
Serasa|serasa.com.br serasaexperian.com.br
Intesa Sanpaolo|intesasanpaolo.com
UniCredit|unicredit.it unicreditgroup.eu
PostFinance|postfinance.ch
~UBS|ubs.com
~Klarna|klarna.com klarna.de
~Venmo|venmo.com
Western Union|westernunion.com
MoneyGram|moneygram.com
~IRS,Internal Revenue Service|irs.gov
HMRC|hmrc.gov.uk service.gov.uk
~Elster,Finanzamt|elster.de
Telekom,Deutsche Telekom|telekom.de telekom.com t-online.de
Vodafone|vodafone.com vodafone.de
~Orange|orange.fr orange.com
~O2|o2.de o2.co.uk o2online.de
Verizon|verizon.com verizon.net verizonwireless.com
~AT&T|att.com att.net
Comcast,Xfinity|comcast.com xfinity.com comcast.net comcastbusiness.net
~IONOS,1&1|ionos.com ionos.de 1und1.de
~Strato|strato.de
OVHcloud|ovhcloud.com ovh.com ovh.net
Spotify|spotify.com
Disney Plus,Disney+|disneyplus.com disney.com
Booking.com|booking.com
Airbnb|airbnb.com
~Steam|steampowered.com valvesoftware.com steamcommunity.com
Geek Squad,Best Buy|bestbuy.com geeksquad.com
";

/// One brand.
#[derive(Debug)]
pub(crate) struct Brand {
    /// As it is shown in a finding.
    pub(crate) name: &'static str,
    /// Its names, folded, as words.
    pub(crate) names: Vec<Vec<String>>,
    /// Registrable domains; the first is the one to be shown.
    pub(crate) domains: Vec<&'static str>,
    /// Its label in the first domain, folded.
    pub(crate) label: String,
    /// Only the whole name counts.
    pub(crate) is_common_word: bool,
}

impl Brand {
    /// The domain is one of the brand's, as far as the table knows: a listed one, or its own name
    /// below an ending of a country.
    pub(crate) fn owns(&self, domain: &str) -> bool {
        if self.domains.contains(&domain) {
            return true;
        }
        let (label, ending) = domain.split_once('.').unwrap_or((domain, ""));
        let is_country = ending.rsplit('.').next().is_some_and(|last| last.len() == 2);
        let known = self.domains.iter().filter_map(|it| it.split('.').next());
        is_country && known.into_iter().any(|known| known == label)
    }

    /// The domain that a reader should see.
    pub(crate) fn domain(&self) -> &'static str {
        self.domains.first().copied().unwrap_or_default()
    }
}

/// All brands.
pub(crate) static BRANDS: LazyLock<Vec<Brand>> =
    LazyLock::new(|| TABLE.lines().filter_map(read).collect());

/// Whose domain is it? Any brand's that owns it, by [`Brand::owns`], in one look-up.
pub(crate) fn owner(registered: &str) -> Option<&'static Brand> {
    if let Some(brand) = INDEX.domains.get(registered) {
        return Some(brand);
    }
    let (label, _) = registered.split_once('.')?;
    INDEX.labels.get(label)?.iter().copied().find(|brand| brand.owns(registered))
}

/// The brand that is called like this folded word and is no everyday word.
pub(crate) fn called(word: &str) -> Option<&'static Brand> {
    INDEX.folded.get(word).copied()
}

/// Brands by their domains, by the labels of those, and by their folded labels.
struct Index {
    domains: BTreeMap<&'static str, &'static Brand>,
    labels: BTreeMap<&'static str, Vec<&'static Brand>>,
    folded: BTreeMap<&'static str, &'static Brand>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index =
        Index { domains: BTreeMap::new(), labels: BTreeMap::new(), folded: BTreeMap::new() };
    for brand in BRANDS.iter() {
        for domain in &brand.domains {
            index.domains.entry(domain).or_insert(brand);
            let label = domain.split('.').next().unwrap_or_default();
            index.labels.entry(label).or_default().push(brand);
        }
        if !brand.is_common_word && brand.label.len() >= LABEL_CHARACTERS_MIN {
            index.folded.entry(brand.label.as_str()).or_insert(brand);
        }
    }
    index
});

/// Shorter labels stand in hosts by accident.
const LABEL_CHARACTERS_MIN: usize = 5;

fn read(line: &'static str) -> Option<Brand> {
    let (names, domains) = line.split_once('|')?;
    let is_common_word = names.starts_with('~');
    let names = names.trim_start_matches('~');
    let domains: Vec<&str> = domains.split_ascii_whitespace().collect();
    let label = fold(domains.first()?.split('.').next()?);
    Some(Brand {
        name: names.split(',').next()?,
        names: names.split(',').map(words).collect(),
        domains,
        label,
        is_common_word,
    })
}

/// A name's words, folded, punctuation left out.
pub(crate) fn words(name: &str) -> Vec<String> {
    let folded = fold(name);
    let words = folded.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_brand_with_a_registrable_domain() {
        assert!(BRANDS.len() >= 120, "{}", BRANDS.len());
        let lines = TABLE.lines().filter(|line| !line.is_empty()).count();
        assert_eq!(lines, BRANDS.len());
        for brand in BRANDS.iter() {
            for domain in &brand.domains {
                assert!(
                    crate::url::registrable(domain) == *domain || domain.ends_with("gov.uk"),
                    "{domain}"
                );
            }
        }
    }

    #[test]
    fn a_brand_owns_its_name_below_a_country_and_nothing_else() {
        let amazon = BRANDS.iter().find(|brand| brand.name == "Amazon").unwrap();
        for own in ["amazon.com", "amazon.de", "amazon.com.br", "amazonses.com"] {
            assert!(amazon.owns(own), "{own}");
        }
        for other in ["amazon.top", "amazon-login.de", "amazonn.com"] {
            assert!(!amazon.owns(other), "{other}");
        }
    }
}
