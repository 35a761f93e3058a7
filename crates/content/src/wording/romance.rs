//! French, Spanish, Portuguese and Italian phrases of fraud, by theme. By hand, 2026-11.
//!
//! Touches nothing. The format is that of `english.rs`.

pub(super) const FRENCH: &str = "
# credentials
3 vérifier votre compte
3 vérifiez votre compte
3 confirmer votre compte
3 confirmez votre identité
3 confirmer votre identité
3 votre compte a été suspendu
3 votre compte a été limité
3 votre compte a été bloqué
3 votre compte sera suspendu
3 votre compte sera bloqué
3 mettre à jour vos informations
3 mise à jour de vos informations
3 mettre à jour vos données
3 activité inhabituelle
3 activité suspecte
3 mot de passe expire
3 mot de passe va expirer
3 mot de passe a expiré
3 réactiver votre compte
2 espace client
2 moyen de paiement
2 paiement refusé
1 cher client
1 sous 48 heures
1 dans les 24 heures
3 carte vitale
# mailbox
3 boîte aux lettres est pleine
3 boîte mail est pleine
3 messagerie est saturée
3 espace de stockage
3 messages en attente
3 messages non délivrés
# payment
3 virement urgent
3 virement bancaire urgent
2 effectuer un virement
2 strictement confidentiel
2 en réunion
# gift
3 cartes cadeaux
3 carte cadeau
3 coupons pcs
3 cartes itunes
# bank
3 changement de rib
3 nouveau rib
3 nouvelles coordonnées bancaires
3 changement de coordonnées bancaires
# available
3 êtes vous disponible
3 es tu disponible
3 êtes vous au bureau
3 besoin de votre aide
3 un service à vous demander
# invoice
2 facture impayée
2 facture en attente
2 dernière relance
2 mise en demeure
1 votre facture
# extortion
3 accès à votre appareil
3 vidéo de vous
3 à tous vos contacts
3 sites pour adultes
3 pédopornographie
2 en bitcoin
# lottery
3 vous avez gagné
3 vous avez été sélectionné
3 félicitations vous
3 loterie
2 heureux gagnant
2 réclamer votre
# fortune
2 millions de dollars
2 millions deuros
3 héritage
2 faire un don
3 mon défunt mari
2 atteinte dun cancer
2 offre de prêt
2 prêt entre particuliers
# parcel
3 votre colis
3 frais de livraison
3 frais de douane
3 frais de port
3 colis est en attente
3 livraison de votre colis
2 tentative de livraison
# tax
3 remboursement dimpôt
3 remboursement
3 impôts
2 trop perçu
3 amende
3 antai
# voicemail
3 nouveau message vocal
3 message vocal
3 nouvelle télécopie
# document
3 document partagé
3 a partagé un document
3 signer le document
3 consulter le document
";

pub(super) const SPANISH: &str = "
# credentials
3 verificar su cuenta
3 verifique su cuenta
3 confirmar su cuenta
3 confirme su identidad
3 verifique su identidad
3 su cuenta ha sido suspendida
3 su cuenta ha sido bloqueada
3 su cuenta ha sido limitada
3 cuenta será suspendida
3 cuenta será bloqueada
3 actualizar sus datos
3 actualice sus datos
3 actualizar su información
3 actividad inusual
3 actividad sospechosa
3 contraseña caduca
3 contraseña expira
3 contraseña ha caducado
3 restablecer su cuenta
2 método de pago
2 pago rechazado
1 estimado cliente
1 en 24 horas
1 en 48 horas
# mailbox
3 buzón está lleno
3 buzón de correo
3 cuota de correo
3 mensajes pendientes
3 mensajes retenidos
3 almacenamiento lleno
# payment
3 transferencia urgente
3 pago urgente
2 realizar una transferencia
2 estrictamente confidencial
2 en una reunión
# gift
3 tarjetas de regalo
3 tarjeta de regalo
# bank
3 cambio de cuenta bancaria
3 nueva cuenta bancaria
3 nuevos datos bancarios
3 cambio de datos bancarios
# available
2 está disponible
2 estás disponible
3 necesito un favor
3 está en la oficina
# invoice
2 factura pendiente
2 factura vencida
2 factura electrónica
2 comprobante de pago
1 su factura
# extortion
3 acceso a su dispositivo
3 acceso a tu dispositivo
3 video tuyo
3 a todos tus contactos
3 sitios para adultos
2 en bitcoin
# lottery
3 ha ganado
3 has ganado
3 ha sido seleccionado
3 felicidades
3 lotería
2 premio
2 reclamar su
# fortune
2 millones de dólares
2 millones de euros
3 herencia
3 difunto
3 donación
2 oferta de préstamo
# parcel
2 su paquete
2 tu paquete
3 gastos de envío
3 gastos de aduana
3 entrega fallida
3 confirmar la entrega
2 su envío
# tax
3 reembolso
3 devolución de impuestos
3 agencia tributaria
3 multa
# voicemail
3 mensaje de voz
3 nuevo fax
# document
3 documento compartido
3 ha compartido un documento
3 firmar documento
3 ver documento
";

pub(super) const PORTUGUESE: &str = "
# credentials
3 verificar sua conta
3 verifique sua conta
3 confirme sua conta
3 confirme seus dados
3 confirmar seus dados
3 sua conta foi suspensa
3 sua conta foi bloqueada
3 sua conta foi limitada
3 sua conta será
3 conta bloqueada
3 atualize seus dados
3 atualizar seus dados
3 atualização cadastral
3 regularize
3 regularizar
3 token expirou
3 token expirado
3 atividade incomum
3 atividade suspeita
3 senha expira
3 senha expirou
3 dispositivo não autorizado
3 seus pontos
3 pontos expiram
3 resgatar pontos
3 resgate seus pontos
3 livelo
2 evite o bloqueio
2 internet banking
2 método de pagamento
1 prezado cliente
1 caro cliente
1 em 24 horas
1 em 48 horas
1 até hoje
# mailbox
3 caixa de correio
3 caixa de entrada está cheia
3 mensagens pendentes
3 armazenamento cheio
# payment
3 transferência urgente
3 pagamento urgente
2 pix
2 realizar uma transferência
2 em reunião
# gift
3 cartões presente
3 cartão presente
3 vale presente
# bank
3 novos dados bancários
3 alteração de dados bancários
3 mudança de conta bancária
# available
3 você está disponível
2 está disponível
3 preciso de um favor
# invoice
3 boleto em anexo
2 boleto
2 fatura vencida
2 fatura em atraso
2 nota fiscal eletrônica
2 nota fiscal
2 segunda via
2 comprovante
2 débitos pendentes
2 débito
2 cpf irregular
3 protesto
3 intimação
2 dívida
2 serasa
# extortion
3 acesso ao seu dispositivo
3 vídeo seu
3 todos os seus contatos
3 sites adultos
2 em bitcoin
# lottery
3 você ganhou
3 foi selecionado
3 foi sorteado
3 parabéns
3 loteria
2 prêmio
2 resgate
2 ganhe
# fortune
2 milhões de dólares
3 herança
3 doação
2 empréstimo
# parcel
3 seu pacote
3 sua encomenda
3 taxa de entrega
3 taxa alfandegária
3 encomenda está retida
3 encomenda retida
3 rastreamento
2 seu pedido
2 alfândega
# tax
3 restituição
3 receita federal
3 imposto de renda
3 multa
3 detran
# voicemail
3 mensagem de voz
# document
3 documento compartilhado
3 assinar documento
3 visualizar documento
3 documento anexo
";

pub(super) const ITALIAN: &str = "
# credentials
3 verificare il tuo account
3 verifica il tuo account
3 verifica la tua identità
3 confermare la sua identità
3 conferma i tuoi dati
3 conto è stato sospeso
3 conto è stato bloccato
3 account è stato sospeso
3 account è stato bloccato
3 account è stato limitato
3 account verrà sospeso
3 utenza sospesa
3 aggiornare i suoi dati
3 aggiornare i tuoi dati
3 aggiorna i tuoi dati
3 attività insolita
3 attività sospetta
3 accesso anomalo
3 password scade
3 password scadrà
3 password è scaduta
2 metodo di pagamento
2 pagamento rifiutato
1 gentile cliente
1 entro 24 ore
1 entro 48 ore
# mailbox
3 casella di posta è piena
3 casella è piena
3 spazio di archiviazione
3 messaggi in sospeso
3 messaggi in attesa
# payment
3 bonifico urgente
2 effettuare un bonifico
2 strettamente riservato
2 in riunione
# gift
3 carte regalo
3 buoni regalo
# bank
3 nuove coordinate bancarie
3 cambio di iban
3 nuovo iban
3 variazione coordinate bancarie
# available
3 sei disponibile
2 è disponibile
3 ho bisogno di un favore
# invoice
2 fattura scaduta
2 fattura insoluta
2 fattura allegata
2 sollecito di pagamento
1 la tua fattura
# extortion
3 accesso al tuo dispositivo
3 video di te
3 a tutti i tuoi contatti
3 siti per adulti
2 in bitcoin
# lottery
3 hai vinto
3 sei stato selezionato
3 congratulazioni
3 lotteria
2 premio
# fortune
2 milioni di dollari
2 milioni di euro
3 eredità
3 donazione
2 offerta di prestito
# parcel
3 il tuo pacco
3 il suo pacco
3 spese di spedizione
3 spese doganali
3 dazi doganali
3 consegna fallita
3 pacco in attesa
2 la tua spedizione
# tax
3 rimborso
3 agenzia delle entrate
# voicemail
3 messaggio vocale
# document
3 documento condiviso
3 ha condiviso un documento
3 firma il documento
";
