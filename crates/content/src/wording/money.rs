//! Phrases of fraud with digital money and with renewals that nobody ordered, by theme, each with
//! its points. By hand, 2026-11.
//!
//! Touches nothing. Written as in `english`; English, with set phrases of other languages.

pub(super) const TABLE: &str = "
# crypto
3 token redistribution
3 token allocation
3 token distribution
3 claim your tokens
3 claim tokens
3 claim your airdrop
3 claim your share
3 connect your wallet
3 wallet verification
3 verify your wallet
3 your wallet will
3 sync your wallet
3 recovery phrase
3 seed phrase
3 withdraw funds
3 withdraw your
3 withdrawing digital assets
3 digital assets from
3 your digital assets
3 assets are available
3 not been kyc
3 kyc updated
3 mining account
3 mining balance
3 bitcoin portfolio
3 btc has been
3 giving away crypto
3 crypto giveaway
3 digital asset withdrawal
3 additional tokens
3 additional xrp
3 staking rewards
3 reward tokens
2 hardware wallet
2 cloud mining
2 airdrop
2 presale
2 staking
2 xrp
2 ripple
2 usdt
2 btc
2 metamask
2 trezor
2 ledger live
2 iedger
2 trust wallet
2 web3
2 eth
1 ledger
1 wallet
1 bitcoin
1 crypto
1 tokens
1 blockchain
# renewal
3 subscription has been renewed
3 has been auto renewed
3 will be auto renewed
3 set to renew
3 will renew tomorrow
3 will renew today
3 renew your antivirus
3 membership will renew
3 did not authorize this
3 did not authorise this
3 did not make this purchase
3 did not place this order
3 if this wasnt you please call
3 please call us immediately
3 call us immediately
3 call our help
3 call our support
3 call our billing
3 call our toll
3 cancel or dispute
3 cancel this order
3 debited from your account
3 charged to your account
3 deducted from your account
3 order confirmation number
3 thank you for your purchase
2 get a refund
2 billing support
2 billing department
2 customer support number
2 helpline
2 toll free
2 geek squad
2 norton
2 mcafee
2 lifelock
1 renewal
1 antivirus
3 para confirmar digite
3 caso nao reconheca
3 ligue para a nossa central
3 ligue para area de seguranca
3 compra em analise
3 retida para analise
3 si no reconoce
";
