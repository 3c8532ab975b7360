# English. Keys: page-thing. <b> marks the figure a sentence is about; nothing else is markup.

page-title = { $page } · { $vendor } billing
skip-to-content = Skip to the content
test-mode = Test mode
nav-label = Billing
nav-overview = Overview
nav-usage = Usage
nav-invoices = Invoices
nav-plan = Plan
nav-payment = Payment
copy = Copy
copied = Copied

# Figures. What stands between thousands, before a fraction, and where the sign of a currency stands; cents beside their figure.
number-group = ,
number-decimal = .
number-money = { $sign }{ $figure }
number-euro-cent = { "\u202F" }ct
number-dollar-cent = ¢
number-penny = p

# Dates
month-name =
    { $n ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    }
weekday-name =
    { $n ->
        [1] Monday
        [2] Tuesday
        [3] Wednesday
        [4] Thursday
        [5] Friday
        [6] Saturday
       *[7] Sunday
    }
date-day-month = { $day } { $month }
date-day-month-year = { $day } { $month } { $year }
date-moment = { $day }, { $time }
date-stamp = { $weekday } { $day }, { $time }, { $zone }
zone-time = { $city } time

# Shell and shared parts
nav-account = Account
nav-security = Sign-in and security
nav-switch = Switch customer
nav-sign-out = Sign out
errors-title = Please look at this again

# Why a line costs what it costs
reason-span = { $from } to { $to }
reason-in-advance = { $span }, in advance
reason-part-of = { $part } of { $whole }
reason-quantity = { $units } { $unit }
reason-by-tier = by tier
reason-tier = Tier
reason-units-head = Units
reason-each-head = Each
reason-together = Together
reason-tier-included = 1 to { $upto }, included
reason-tier-first = Up to { $upto }
reason-tier-between = Above { $from }, to { $upto }
reason-tier-above = Above { $from }
reason-tier-all = All
reason-fee = The fee for { $span }.
reason-units = { $quantity } × { $each }.
reason-units-included = { $quantity }, less the { $included } in the plan: { $billable } × { $each }.
reason-units-all-included = { $quantity }, all within the { $included } in the plan.
reason-packages = { $quantity }: { $started } × { $each }, each for up to { $size }.
reason-credit = You had been charged { $charged } for it; this is the part you did not use.
reason-when = From { $from }, to { $to }, { $zone }.
reason-seconds = From { $from }, to { $to }, { $zone }: { $n } of { $d } seconds.
reason-days = From { $from }, to { $to }, { $zone }: { $n } of { $d } days.
reason-minimum = At least { $amount } is charged.
reason-maximum = At most { $amount } is charged.
reason-exchange = Converted from { $from } to { $to } at { $rate }, the rate of { $day }.
reason-rounded-up = { $exact } exactly, rounded once to { $amount }.
reason-rounded-even = { $exact } exactly, rounded once to { $amount } (halves to the even cent).
reason-discount = A discount of { $amount } is taken off this line.
reason-invoiced = { $now } in this period so far, of which { $before } is on an invoice already.
reason-late = Usage that arrived after its period was invoiced: { $now } in all, of which { $before } had been invoiced.
length-days =
    { $days ->
        [one] { $days } day
       *[other] { $days } days
    }
length-hours = { $n } h
length-minutes = { $n } min
length-seconds = { $n } s
# Who is signed in
role-owner = owner
role-billing = billing
role-viewer = viewer
signed-in-as = { $name }, { $role }
door-legal-line = Billing for { $name }, { $city }. Powered by Portico.

# What went wrong where no page of its own can say it
trouble-bad-request = This address or form can’t be read.
trouble-forbidden = That isn’t allowed.
trouble-not-found = There is nothing at this address.
trouble-not-found-what = It may have moved, or belong to another account.
trouble-method = This page can’t be used that way.
trouble-too-large = That was too much at once.
trouble-busy = Too many are asking at once.
trouble-ours = Something went wrong on our side.
trouble-ours-what = Nothing was charged because of it. Try again in a minute; if it stays, give us this number: { $id }.
trouble-cannot-be-used = That can’t be used.
trouble-nothing-changed = Nothing was changed and nothing was charged.
trouble-home = Go to the overview

# In a frame of a vendor's page
frame-closed-title = A window of its own is needed
frame-closed = This opens in a window of its own.
frame-never = Signing in, your account and how you sign in are only shown at the portal’s own address, where you can see that it is ours.
frame-scope = The page around this one did not ask for this part of the portal.
frame-memory = Your browser keeps no cookies here, so nothing can be changed in this frame. Reading works.
frame-window = Open it in a window of its own
frame-nobody-title = One moment
frame-nobody = The session of this frame is not there. It is being asked for; if nothing happens, reload the page around it.
frame-nobody-kept = Nothing was changed and nothing was charged. What you entered is kept here, except passwords and codes.
embed-title = Billing
embed-wait = Billing is being opened.
embed-alone = This page stands inside another site’s page and shows nothing by itself.
embed-nested = Billing is not shown here, because the page around it stands inside another page. Open that page by itself.
embed-ended = Billing was closed meanwhile. Reload the page around it to come back.
embed-silent = The portal did not answer. Try it again.
embed-unseen = It is done only after this button has been in plain sight for a second. Read what it says and press it again; if something lies over it, open this in a window of its own.
embed-over-title = Signed out
embed-over = You are signed out of this frame. Reload the page around it to come back.
embed-refused-title = Not opened
embed-refused-spent = The link between this site and its billing was used before. Reload the page.
embed-refused-late = It took too long to open. Reload the page.
embed-refused-origin = This site is not allowed to show its billing here.
embed-refused-unknown = This site’s billing can’t be opened right now. Reload the page.

# A link of the vendor's
portal-session-title = Open your billing
portal-session-heading = Open the billing of <b>{ $customer }</b>.
portal-session-what = { $vendor } made this link for { $email }. You will see plan, usage and invoices; what costs money asks for a code of yours.
portal-session-open = Open it
portal-session-dead-title = This link opens nothing any more
portal-session-dead = It works once, within an hour. Go back to where it came from and ask for another, or sign in.
vouched-title = Sign in first
vouched-heading = Sign in to do this.
vouched-what = You came by a link, which lets you look. Nothing was changed.

# When a session ended
session-ended-title = Signed out
session-ended-heading = You were signed out in the meantime.
session-ended-what = Nothing was changed and nothing was charged. What you entered is kept on this page, except passwords and codes: sign in, come back here, and send it again.
session-ended-sign-in = Sign in in a new tab
session-ended-again = Send it again
form-for-other-title = Nothing was changed
form-for-other-heading = This form was not for what you are looking at.
form-for-other-customer = This form was for { $theirs }; you are now looking at { $here }. Nothing was changed.
form-for-other-person = This form was opened by somebody else, or for a customer you do not belong to. You are signed in as { $email } and looking at { $here }. Nothing was changed.
form-for-other-switch = Switch to { $theirs }
form-for-other-go-on = Go on with { $here }
suspended-title = Suspended
suspended = Access to billing is suspended. Write to { $email }.
no-customer-title = No account
no-customer-heading = There is no billing account under this sign-in.
no-customer-what = You are signed in as { $email }, but belong to no customer here. If that is a mistake, ask whoever invited you.

# Payment methods
brand-visa = Visa
brand-mastercard = Mastercard
brand-amex = American Express
brand-other = Card
kind-card = Card
kind-card-what = Also by { $wallets }, where your device has it
kind-sepa-debit = SEPA Direct Debit
kind-sepa-debit-what = From your bank account, in euros; you confirm a mandate
wallet-apple-pay = Apple Pay
wallet-google-pay = Google Pay
wallet-link = Link
method-name = { $brand } ending { $last4 }
method-name-wallet = { $wallet } · { $card }
method-name-debit = Bank account ending { $last4 }
method-name-debit-bank = { $bank } account ending { $last4 }
method-expiry = { $month } { $year }
methods-title = Payment methods
methods-title-error = Error: payment methods
methods-caption = Your payment methods
methods-method = Method
methods-expires = Expires
methods-acts = What you can do
methods-answer = We charge <b>{ $method }</b>.
methods-answer-backed = We charge <b>{ $method }</b>, and { $backup } if that fails.
methods-answer-expired = <b>{ $method } has expired</b>, so nothing can be charged.
methods-answer-expired-backed = We charge <b>{ $backup }</b>, because { $method } has expired.
methods-answer-none = <b>No payment method is on file</b>, so nothing can be charged.
methods-none-what = When you add one, invoices are paid from it by themselves. You see each amount here before it is charged.
methods-default = Default
methods-charged-first = Charged first
methods-backup = Backup, charged if { $method } fails
methods-backup-later = Backup number { $position }, charged if those before it fail
methods-refused = Refused by its bank
methods-not-charged = Not charged by itself any more
methods-kept = Kept, not charged
methods-expired = Expired
methods-no-end = No expiry
methods-mandate = Mandate { $reference }
methods-in-days =
    { $days ->
        [0] today is the last day
        [one] in { $days } day
       *[other] in { $days } days
    }
methods-replace = Replace
methods-remove = Remove
methods-move-up = Try earlier
methods-make-backup = Make backup
methods-stop-backup = Stop using as backup
methods-make-default = Make default
methods-add = Add a payment method
methods-where-typed = You type the number on the payment provider’s own page. Neither { $vendor } nor this portal ever sees it. Adding or changing a payment method asks for a code from your authenticator app.
methods-viewer = Your role lets you see payment methods. An owner or a billing member of the account can change them.
methods-added = { $method } was added.
methods-made-default = { $method } is charged first from now on.
methods-made-backup = { $method } stands in from now on.
methods-stopped-backup = { $method } is kept, and not charged by itself any more.
methods-removed = { $method } was removed.
methods-not-added = Nothing was added, and nothing was charged.
methods-not-added-title = No payment method was added
methods-not-finished = You came back before everything was typed in. Nothing was charged. Add it again when you have it at hand.

# One step before a payment method changes
step-not-done = That was not done
step-back = Go back
step-to-methods = Back to payment methods
step-add = Add <b>a payment method</b>.
step-kind = How would you like to pay?
step-transfer-only = Invoices are paid by bank transfer here: each shows the account and the reference.
step-nothing-offered = There is no way to pay that can be added at the moment. Please tell us, and we will put it right.
step-add-what = You type its number on the payment provider’s own page. Nothing is charged by adding it.
step-pays-one = As soon as it is there, <b>{ $amount }</b> for invoice { $number } is charged to it; and whatever comes after, too.
step-pays-several = As soon as it is there, <b>{ $amount }</b> for { $count } unpaid invoices is charged to it; and whatever comes after, too.
step-pays-all = As soon as it is there, <b>{ $count } unpaid invoices</b> are charged to it; and whatever comes after, too.
step-add-button = Go on to the payment provider
step-replace = Replace <b>{ $method }</b>.
step-replace-what = { $method } stays in use until the new one is there; then it is removed. Nothing is charged by replacing it.
step-default = Charge <b>{ $method }</b> first from now on.
step-default-what = What is charged first until now stands in if this one fails.
step-default-button = Make { $method } the default
step-backup = Let <b>{ $method }</b> stand in when those before it fail.
step-backup-button = Make { $method } a backup
step-keep = Keep <b>{ $method }</b>, but don’t charge it by itself.
step-keep-button = Stop using { $method } as backup
step-remove = Remove <b>{ $method }</b>?
step-remove-what = It can’t be charged any more, and the payment provider forgets it. Past invoices and receipts stay as they are.
step-remove-default-what = It can’t be charged any more, and the payment provider forgets it. { $successor } is charged first from then on. Past invoices and receipts stay as they are.
step-remove-button = Remove { $method }
step-must-stay = <b>{ $method }</b> can’t be removed now.
fields-heading = Add <b>a payment method</b>.
fields-what = These fields are the payment provider’s own: the number goes there and nowhere else. Nothing is charged by adding it.
fields-whose = These fields are the payment provider’s own: the number goes there and nowhere else.
fields-frame = Fields of the payment provider
fields-add = Add this card
fields-card = Card number, expiry date and security code
fields-silent = The payment provider can’t be reached from this browser. Use its own page instead, or try again in a minute.
fields-elsewhere = The payment provider’s page opens in a window of its own: the number goes there and nowhere else. Nothing is charged by adding it.
fields-typed = I have typed it in
fields-own-page = Type it on the provider’s own page instead

# The balance
balance-title = Balance
balance-answer = You have <b>{ $amount }</b> in your balance.
balance-answer-nothing = There is <b>nothing</b> in your balance.
balance-lede = The next invoices are paid from it first, before anything is charged.
balance-lede-nothing = Credit you are given or pay in is kept here, and pays the next invoices before anything is charged.
balance-expires-soon = <b>{ $amount }</b> of it expires on { $moment }.
balance-credits = What it is made of
balance-credits-order = In the order it is used
balance-credit = Credit
balance-until = Until
balance-left = Left
balance-lasts = Until it is used
balance-expires = Expires { $moment }
balance-left-of = of { $amount }
statement-title = Statement
statement-period = Period
statement-currency = Currency
statement-year = All of { $year }
statement-month = { $month } { $year }
statement-caption = What moved your balance in { $period }
statement-what = What
statement-date = Date
statement-amount = Amount
statement-balance-in = Balance, { $currency }
statement-opening = From before
statement-closing = After the last movement
statement-nothing = Nothing moved in { $period }. There was { $amount } in it throughout.
statement-pdf = Download the statement
statement-csv = As a table (CSV)
statement-made-on = Made on
statement-answer = { $amount } in the balance after the last movement of { $period }.
statement-credit-note = Credit note { $number }
statement-topped-up = Paid in
statement-bonus = { $name }: given on top
statement-overpaid = A payment that was not needed
statement-overpaid-invoice = Paid beyond invoice { $number }
statement-paid = Invoice { $number }
statement-given-back = Went back to where it was paid from
statement-bonus-taken-back = Given on top of { $name }, taken back
statement-not-given-back = Could not go back to where it was paid from
statement-disputed = Held back: the bank is asked whose the payment is
statement-dispute-won = No longer held back: the payment stands
statement-expired = Expired
statement-expired-named = Expired: { $description }
methods-balance = See your balance
methods-payments = All payments and receipts
balance-top-up = Top up
balance-automatic = Automatic top-up
balance-buy = Services and credit packs

# Paying into the balance
top-up-title = Top up
top-up-answer = There is <b>{ $amount }</b> in your balance.
top-up-lede = What you pay in pays your next invoices. No tax is charged for it: your invoices have theirs.
top-up-amount = Amount
top-up-between = From { $least } to { $most }
top-up-go-on = Go on
top-up-other-currency = You pay in { $currency }. Write the amount in it, in figures alone.
top-up-pay = Pay <b>{ $amount }</b> into your balance.
top-up-then = There will be <b>{ $amount }</b> in it.
automatic-title = Automatic top-up
automatic-answer = <b>{ $amount }</b> is paid in from { $method } when less than { $below } is left.
automatic-answer-none = <b>Nothing</b> is paid in by itself.
automatic-answer-stopped = <b>Stopped:</b> { $amount } could not be paid in.
automatic-stopped-why = { $reason } Nothing is paid in by itself until you set it again.
automatic-lede = Never more than { $most } in a calendar month.
automatic-lede-none = You can have your balance filled whenever it runs low, up to what you allow in a month.
automatic-below = When less is left than
automatic-below-hint = Your balance is looked at after every invoice
automatic-amount = Pay in
automatic-most = At most in a month
automatic-most-hint = Counted from the first of each month
automatic-set = Turn on automatic top-up
automatic-change = Change automatic top-up
automatic-off = Turn it off

# Buying something once
buy-title = Services and credit packs
buy-answer = What you can buy <b>beside your plan</b>.
buy-answer-nothing = <b>Nothing</b> is for sale beside the plans.
buy-lede = Prices of services are before tax. What you pay is shown to the cent before you decide.
buy-lede-inside = Prices include tax. What you pay is shown to the cent before you decide.
buy-price = Price
buy-gives = Gives { $credit } of credit
buy-gives-for = Gives { $credit } of credit, for { $days ->
        [one] one day
       *[other] { $days } days
    }
buy-choose = See what it comes to
buy-viewer = Only owners and billing members can buy.
buy-confirm-title = Confirm
buy-pay = { $name }: pay <b>{ $amount }</b> now.
buy-pay-nothing = { $name }: <b>nothing</b> to pay, your balance covers it.
buy-credit = <b>{ $credit }</b> goes into your balance. No tax is charged for credit: your invoices have theirs.
buy-credit-until = <b>{ $credit }</b> goes into your balance, to be used before { $day }. No tax is charged for credit: your invoices have theirs.
buy-invoiced = You get an invoice for it.
buy-sums = What it comes to
buy-tax = Tax { $percent } %
buy-tax-inside = of which tax { $percent } %
buy-rounding = Rounding
buy-total = Total
buy-due = To pay now
buy-button = Buy for { $amount }
buy-button-free = Buy from your balance

# Payments and receipts
payments-title = Payments
payments-answer = The last payment was <b>{ $amount }</b> on { $day }, from { $method }.
payments-answer-none = <b>No payment</b> has been made yet.
payments-caption = Your payments, the latest first
payments-change = A change of plan
payments-paid = Paid
payments-declined = Declined
payments-cancelled = Not paid
payments-instead = Wrong amount
payments-under-way = On its way
payments-older = Older payments
payment-receipt = Receipt
document-receipts = Receipts:
receipt-title = Receipt
receipt-heading = Receipt { $number }
receipt-answer = { $amount } was paid on { $day }, from { $method }.
receipt-answer-page = You paid <b>{ $amount }</b> on { $day }, from { $method }.
receipt-number = Receipt number
receipt-date = Paid on
receipt-method = Paid from
receipt-to = Paid to
receipt-what = For
receipt-invoice = Invoice { $number }
receipt-balance = Into the balance
receipt-paid = Paid
receipt-back = Gone back
receipt-kept = Paid after what went back
receipt-went-back = Went back by credit note { $number } of { $day }
receipt-went-back-of-balance = Went back on { $day }, from the balance
receipt-goes-back-of-balance = On its way back, from the balance
receipt-goes-back = On its way back, by credit note { $number }
receipt-caption = What this payment was for, and what of it went back
receipt-download = Download the receipt

# What about payments needs a person
attention-declined = <b>{ $method } was declined for { $amount }, invoice { $invoice }.</b> { $reason }
attention-unpaid = <b>{ $amount } is unpaid, invoice { $invoice }.</b> There is nothing on file that it can be charged to.
attention-other-method = Pay another way
attention-pay = Pay { $amount }
attention-confirm = <b>Your bank wants you to confirm { $amount } from { $method }.</b> Nothing has been charged yet.
attention-confirm-repair = Confirm it
attention-expired = <b>{ $method } expired on { $day }.</b> It can’t be charged any more.
attention-expires-default = <b>{ $method } expires on { $day }.</b> From { $after } nothing could be charged.
attention-expires-default-backed = <b>{ $method } expires on { $day }.</b> From { $after } your backup is charged instead.
attention-expires-backup = <b>{ $method } expires on { $day }.</b> From { $after } nothing would stand in if what is charged first failed.
attention-expires-backup-backed = <b>{ $method } expires on { $day }.</b> From { $after } it can’t stand in any more.
attention-replace = Replace it
declined-generic = The bank gave no reason. Nothing was charged. Ask your bank, or pay another way.
declined-insufficient-funds = There was not enough money on it. Nothing was charged. Try again later, or pay another way.
declined-lost = The bank no longer accepts this card. Nothing was charged. Pay another way.
declined-closed = The account behind it is closed. Nothing was charged. Pay another way.
declined-number = The bank knows no card or account of this number. Nothing was charged. Replace it, or pay another way.
declined-revoked = The bank was told not to let this vendor charge it any more. Nothing was charged. Pay another way, or ask your bank.
declined-expired = It has expired. Nothing was charged. Replace it, or pay another way.
declined-cvc = The security code was wrong. Nothing was charged. Add the card again with the right code.
declined-processing-error = The bank’s systems failed. Nothing was charged. Try again in a few minutes.
declined-authentication-required = The bank wants you to confirm the payment yourself. Nothing was charged. Pay now and answer your bank.
declined-authentication-failed = The payment was not confirmed at the bank. Nothing was charged. Try again, or pay another way.
declined-cancelled = The payment was stopped before the bank decided. Nothing was charged.
declined-method-gone = The payment provider no longer has it. Nothing was charged. Add it again, or pay another way.

# Paying an invoice
pay-title = Pay invoice { $number }
pay-invoice = Invoice { $number }
pay-answer = Pay <b>{ $amount }</b> now.
pay-lede = Invoice { $number }, due on { $day }.
pay-from = From
pay-button = Pay { $amount }
pay-other-method = Add another payment method first
pay-no-method = There is nothing on file that this can be charged to. Add a payment method, then pay.
pay-debit = Debited by mandate { $mandate }; takes up to 5 bank days
pay-euros-only = { $method } can be charged in euros only.
pay-amount-changed = The amount has changed since this page was opened. Look at it again, then pay.
pay-not-charged = Nothing was charged

transfer-heading = Pay by bank transfer
transfer-holder = Account holder
transfer-iban = IBAN
transfer-bic = BIC
transfer-promptpay = PromptPay
transfer-reference = Reference
transfer-amount = Amount
transfer-how = Give the reference, and your payment finds this invoice by itself, usually within one bank day.
transfer-scan = Your bank’s app fills in the transfer when it scans the code.
transfer-code = Payment code for your bank’s app: { $amount } to { $holder }
transfer-copy-iban = Copy IBAN
transfer-copy-reference = Copy reference

bank-currency = “{ $currency }” is no currency. Give its three capital letters, such as EUR.
bank-holder-empty = Say whose account it is, as the bank knows them.
bank-one-number = Give an IBAN or, for baht, a PromptPay id: one of the two.
bank-iban-form = This is no IBAN. One begins with its country and two digits, such as DE89 3704 0044 0532 0130 00.
bank-iban-length = An IBAN of this country has { $expected } letters and digits. This one has { $found }.
bank-iban-check-digits = A letter or digit of this IBAN is wrong: its check digits don’t fit the others. Compare it with the original.
bank-bic = A BIC has 8 or 11 letters and digits, such as COBADEFFXXX.
bank-bic-of-iban = A BIC belongs to an IBAN. Leave it away with a PromptPay id.
bank-promptpay = A PromptPay id is a Thai mobile number, a tax id of 13 digits or an e-wallet id of 15.
bank-promptpay-tax-id = A digit of this tax id is wrong: its check digit doesn’t fit the others. Compare it with the original.
bank-promptpay-baht = PromptPay is for baht. Give an IBAN for another currency.

reconcile-paid-there = The gateway took { $theirs } for { $subject }, which we did not count as paid.
reconcile-declined-there = The gateway did not take { $ours } for { $subject }, which we still waited for.
reconcile-paid-here = We count { $ours } as paid by { $subject }, and the gateway took nothing.
reconcile-amount = The gateway took { $theirs } for { $subject }, which is of { $ours }.
reconcile-currency = The gateway charged { $subject }, which is of { $ours }, in another currency.
reconcile-other-gateway = { $subject }, of { $ours }, is under way at a gateway that is not connected.
reconcile-undecided = The gateway has left { $subject }, of { $ours }, undecided for three weeks.
reconcile-charge-unknown = The gateway took { $theirs } by { $subject }, and we have no payment of it.
reconcile-refund-decided = The gateway has decided { $subject }, of { $ours }, which we still waited for.
reconcile-refunded-here = We count { $ours } as gone back by { $subject }, and the gateway gave nothing back.
reconcile-refunded-there = The gateway gave { $theirs } back by { $subject }, which we hold for refused.
reconcile-refund-unknown = { $theirs } of { $subject } went back at the gateway, and not by us.
reconcile-refund-amount = The gateway gave { $theirs } back by { $subject }, which is of { $ours }.
reconcile-dispute-unheard = { $theirs } of { $subject } is disputed, and we had not heard how that stands.
reconcile-ledger = The ledger has { $theirs } of { $subject }, which is of { $ours }.
reconcile-mended = It is put right.
reconcile-next-again = Compare again.
reconcile-next-paid-here = Look for it at the gateway. If it is not there, credit the invoice and collect it anew.
reconcile-next-other-charge = Give the charge back at the gateway and compare again. What it was for can then be charged anew.
reconcile-next-other-gateway = Connect that gateway again, so that it can be asked what became of it.
reconcile-next-undecided = Ask the gateway’s support what became of it.
reconcile-next-charge-unknown = Give it back at the gateway, unless you know what it was for.
reconcile-next-refunded-here = Look for it at the gateway, and give it back there.
reconcile-next-refund-unknown = Credit the invoice by as much, so that it is told to the customer.
reconcile-next-refund-amount = Give the rest back at the gateway, or credit the invoice by what went back beyond.
reconcile-next-ledger = Run portico check, which says more.
reconcile-unanswered = The payment provider did not answer, so nothing was compared. Try again later.

bank-statement-no-xml = This is no XML: { $why }.
bank-statement-entities = A statement has no document type and no entities of its own. Export it again.
bank-statement-too-large = This is larger than a statement can be: 10 MB and 50,000 entries. Export fewer days at once.
bank-statement-cut-off = The file ends in the middle. Export it again.
bank-statement-empty = There is nothing in the file.
bank-statement-not-camt = This is no CAMT.053 statement. Export it as camt.053 or CSV.
bank-statement-lacks = { $what } is missing.
bank-statement-parts = The transactions of this entry don’t say what each is of, or don’t add up to it.
bank-statement-no-account = It does not say which account it is of.
bank-statement-no-csv = This is no CSV: { $why }.
bank-statement-column-unknown = There is no column { $column }. Known: { $known }.
bank-statement-column-missing = The column { $column } is missing.
bank-statement-column-twice = The column { $column } is there twice.
bank-statement-columns = { $expected } columns were expected, and { $found } are there.
bank-statement-amount = “{ $amount }” is no amount of this currency. Write it with a decimal point and at most { $decimals } decimals, such as 107.00.
bank-statement-zero = The amount is zero.
bank-statement-returns = Only an amount below zero returns another entry.
bank-statement-day = “{ $day }” is no day. Write it as 2026-03-11.
bank-statement-text = A text is longer than { $most } letters, or holds the character U+0000.
bank-statement-no-account-of-currency = You have no bank account for { $currency }. Set one first.
bank-statement-other-account = { $account } is not your bank account for { $currency }.

entry-no-reference = It names no invoice.
entry-unknown-reference = No invoice has the reference it names.
entry-other-amount = It names an invoice by its number alone, and not its amount.
entry-several-customers = It names invoices of several customers. An entry can be counted for one.
entry-other-currency = The invoice is in another currency.
entry-unknown-return = It went back, and which money it was is not known. Name the entry by which it had come in.
entry-overpayment-used = It had paid too much, and invoices have used the rest since. Correct those invoices first.
entry-taken-back = What had been done of it was taken back.
match-already = Something was done of this entry already. Look at it again.
match-no-invoice = Say which invoice it pays.
match-one-entry = Name the one entry by which this money had come in.
match-other-entry = That entry is of another amount or currency, so it is not this money.
write-off-unsaid = Say why, for your records.
write-off-none = Nothing of this invoice is written off.
transfer-back-unsaid = Say why it is taken back.
transfer-back-none = This entry is not counted as a payment, so there is nothing to take back.

withhold-title = Tax you withhold
withhold-answer = You withhold <b>{ $amount }</b> of invoice { $number }.
withhold-lede = That is { $percent } % of { $base }, the invoice without tax. You pay it to your tax office; <b>{ $rest }</b> is left to pay here.
withhold-number = Certificate number
withhold-number-hint = As on the withholding tax certificate you made out
withhold-on = Date of the certificate
withhold-button = Enter this certificate
withhold-back = Back to the invoice
withhold-no-day = Give the date of the certificate.
withhold-day = The certificate’s date must lie between { $from } and { $to }.
withhold-number-empty = Give the number that stands on the certificate.
withhold-number-long = A certificate number has at most { $most } letters and digits, on one line.
withhold-twice = A certificate was entered for this invoice already.
withhold-credit-note = Tax is withheld of invoices. This is a credit note.
withhold-no-rate = Customers in { $country } withhold nothing by the rates you set. Set one, or give the percent.
withhold-nothing = Nothing would be withheld of this invoice.
withhold-back-unsaid = Say why you do not accept the certificate. The customer reads it.
withhold-back-none = No certificate was entered for this invoice, so there is nothing to take back.
withhold-back-twice = The certificate of this invoice was taken back already. Nothing more is due by it.
withhold-more-than-due = { $asked } would be withheld, but only { $due } is still due of this invoice.
payment-title = Payment
payment-done = You paid <b>{ $amount }</b> from { $method }.
payment-done-when = On { $day }.
payment-done-left = Invoice { $number } is still unpaid: <b>{ $amount }</b>.
payment-done-active = { $plan } is active, and nothing is overdue any more.
payment-done-resumes = { $plan } goes on in a moment.
payment-declined = <b>{ $amount } was not paid.</b> { $method } was declined.
payment-declined-why = { $reason }
payment-confirm = Your bank wants you to confirm <b>{ $amount }</b>.
payment-confirm-what = Nothing has been charged yet. Your bank asks on its own page whether it is you who pays from { $method }; then you come back here.
payment-confirm-button = Confirm { $amount } with your bank
payment-pay-otherwise = Don’t confirm, pay another way
payment-processing = <b>{ $amount }</b> is on its way.
payment-announced = <b>{ $amount }</b> is debited on { $day }.
payment-announced-what = It is fetched from { $method } by itself then, or on the next bank day. Nothing has been debited yet, and you need not do anything.
payment-on-its-way = <b>{ $amount } is on its way</b> from your bank, expected by { $day }.
payment-on-its-way-what = A direct debit from { $method } takes some bank days. It is debited once, and nothing else is charged for this meanwhile.
payment-processing-what = The bank of { $method } has not answered yet. It is charged once at most, and this page shows what came of it.
payment-instead = The payment provider charged <b>{ $instead }</b>, and not { $amount }.
payment-instead-what = That is a mistake, and we have been told of it. Nothing was bought or paid by it, and nothing more is charged until { $method } has its money back. If it takes longer than you like, write to { $email }.
payment-look-again = Look again
payment-cancelled = <b>{ $amount } was not charged.</b>
payment-cancelled-what = The payment was stopped before money moved.

# Short dates, for rows and axes
month-short =
    { $n ->
        [1] Jan
        [2] Feb
        [3] Mar
        [4] Apr
        [5] May
        [6] Jun
        [7] Jul
        [8] Aug
        [9] Sep
        [10] Oct
        [11] Nov
       *[12] Dec
    }
weekday-short =
    { $n ->
        [1] Mon
        [2] Tue
        [3] Wed
        [4] Thu
        [5] Fri
        [6] Sat
       *[7] Sun
    }

# Usage
usage-amount = { $n } { $unit }
usage-month-year = { $month } { $year }
usage-span = { $from } to { $to }
usage-when-in = in { $name }
usage-when-from = from { $name }
usage-when-day = on { $name }
usage-row-hour = { $weekday } { $day }, { $time }
usage-row-day = { $weekday } { $day }
usage-until = until { $time }
usage-from = from { $time }
usage-included = included
usage-then = { $first }, then { $then }
usage-answer-forecast = You used <b>{ $amount }</b> { $when }: <b>{ $cost }</b> so far, about <b>{ $about }</b> by { $by }.
usage-answer-all-included = You used <b>{ $amount }</b> { $when }, <b>all of it included</b>, and will likely stay within it.
usage-answer-so-far = You used <b>{ $amount }</b> { $when }: <b>{ $cost }</b> so far.
usage-answer-cost = You used <b>{ $amount }</b> { $when }, for <b>{ $cost }</b>.
usage-answer-free-forecast = You used <b>{ $amount }</b> { $when }, about <b>{ $about }</b> by { $by }.
usage-answer-free = You used <b>{ $amount }</b> { $when }.
usage-answer-part = You used <b>{ $amount }</b> { $when }; by then { $period } held <b>{ $total }</b>.
usage-answer-part-cost = You used <b>{ $amount }</b> { $when }; by then { $period } held <b>{ $total }</b>, for <b>{ $cost }</b>.
usage-answer-most = You had <b>{ $amount }</b> at most { $when }.
usage-answer-last = You had <b>{ $amount }</b> at the last reading { $when }.
usage-answer-most-cost = You had <b>{ $amount }</b> at most { $when }: <b>{ $cost }</b>.
usage-answer-last-cost = You had <b>{ $amount }</b> at the last reading { $when }: <b>{ $cost }</b>.
usage-answer-nothing = { $meter }: <b>nothing used</b> yet.
usage-answer-no-meters = <b>Nothing is metered</b> in what you have.
usage-empty-no-meters = Your plan costs the same however much you use. If that changes, this page shows every hour, day and month of it.
usage-empty = Once you use the first { $unit }, this page shows them by hour, day and month: how much is included, what the rest has cost so far, and what the period will come to. A reading takes a few minutes to arrive.
usage-no-plan = You have no plan at the moment, so nothing is charged.
usage-trial = What you use during the trial is not charged.
usage-no-period = These days are not one billing period, so no cost is shown. Choose a period to see what it cost.
usage-not-charged = Your plan does not charge for this.
usage-coarser-hour-day = That is more than a page by the hour holds, so it is shown by day. The CSV has every hour.
usage-coarser-hour-month = That is more than a page by the hour holds, so it is shown by month. The CSV has it in more detail.
usage-coarser-day-month = That is more than a page by the day holds, so it is shown by month. The CSV has every day.
usage-meter = Meter
usage-by = By
usage-by-hour = Hour
usage-by-day = Day
usage-by-month = Month
usage-with = With { $period }
usage-back = ← { $period }
usage-on = { $period } →
usage-show = Show
usage-other-days = Other days
usage-first-day = First day
usage-last-day = Last day
usage-show-days = Show these days
usage-error-by = Choose by hour, by day or by month. The days of the period under way are shown.
usage-error-date = Write a date as 2026-11-21: year, month, day. The period under way is shown instead.
usage-error-both = A range needs its first and its last day. The period under way is shown instead.
usage-reader = Values of the chart. The arrow keys move through them
usage-title-hour = { $meter } { $when }, each hour
usage-title-day = { $meter } { $when }, each day
usage-title-month = { $meter } { $when }, each month
usage-each-hour = Each hour
usage-each-day = Each day
usage-each-month = Each month
usage-running = Running total
usage-level = So far
usage-now = Now, { $time }
usage-about = about
usage-and-cost = , { $cost }
usage-key-included = Included
usage-key-charged = Charged
usage-key-used = Used
usage-key-forecast = Forecast
usage-rule-included = { $n } included
usage-rule-then = { $n }, then { $each } each
usage-read = { $name }: { $amount }
usage-read-how = { $name }: { $amount }, { $how }
usage-read-hour = { $day }, { $from } to { $to }
usage-read-so-far = { $name }: { $amount } by { $time }, about { $about } in all
usage-read-forecast = { $name }, forecast: about { $amount }
usage-read-nothing = { $name }: nothing
usage-read-ahead = { $name }: still to come
usage-how-each = { $each } each
usage-how-included = { $n } included
usage-how-some = { $n } at { $each }
usage-sum-included = All of it included
usage-sum-one = { $amount } × { $each }
usage-sum-part = { $n } × { $each }
usage-sum-and = { $most } and { $last }
usage-method-weekdays =
    { $count ->
        [one] from the weekdays of last week
       *[other] from the weekdays of your last { $count } weeks
    }
usage-method-days =
    { $count ->
        [one] from the one whole day so far
       *[other] from the { $count } whole days so far
    }
usage-method-level = if it stays as it is
usage-long-day = { $weekday } { $day }
usage-long-hour = { $day } at { $time }
usage-said-included = The { $amount } included were used up on { $day }; from there each costs { $each }.
usage-said-included-soon = At this pace the { $amount } included are used up on { $day }; from there each costs { $each }.
usage-said-passed = You passed { $n } on { $day }; from there each costs { $each }.
usage-said-passing = At this pace you pass { $n } on { $day }; from there each costs { $each }.
usage-said-within = Of the { $amount } included, { $left } are left.
usage-said-busiest-hour = Your busiest hour was { $at } with { $n }.
usage-said-busiest-day = Your busiest day was { $at } with { $n }.
usage-said-busiest-month = Your busiest month was { $at } with { $n }.
usage-said-today = Today is not over.
usage-said-zone = Days begin at 00:00, { $zone }.
usage-facts = In short
usage-fact-so-far = So far
usage-fact-whole = { $when }
usage-fact-before = Before discounts and tax
usage-fact-forecast = Forecast to { $day }
usage-fact-how = { $how }, { $method }
usage-fact-against = Against { $period }
usage-fact-then = { $amount } by { $hour }; { $all } in all
usage-same = The same
usage-about-same = About the same
usage-from-nothing = Nothing before
usage-more = { $percent } % more
usage-less = { $percent } % less
usage-table = The same numbers
usage-csv = Download CSV
usage-price = Price of each
usage-cost = Cost so far, { $currency }
usage-alerts = Alerts and cap
usage-held = <b>Stopped at your cap of { $cap }.</b> What is charged by use starts again on { $day }, or when you raise the cap.
usage-held-raise = Raise or remove the cap

# /usage/alerts
alerts-title = Alerts and cap
alerts-answer-nothing = <b>Nothing is charged by use</b> at the moment.
alerts-nothing-what = Once something is, you can be told here at an amount of your choice.
alerts-answer = Usage has cost <b>{ $cost }</b> since { $from }.
alerts-answer-alert = Usage has cost <b>{ $cost }</b> since { $from }. You are told next at <b>{ $amount }</b>.
alerts-answer-cap = Usage has cost <b>{ $cost }</b> since { $from }. It stops at <b>{ $amount }</b>.
alerts-answer-held = You have reached your cap of <b>{ $cap }</b>: what is charged by use is stopped <b>until { $day }</b>.
alerts-held-what = Usage has cost <b>{ $cost }</b> since { $from }, before discounts and tax. Raise or remove the cap and it goes on at once.
alerts-before-tax = Of everything that is charged by use, before discounts and tax. The same holds for the amounts you set.
alerts-with-tax = Of everything that is charged by use, before discounts and with tax. The same holds for the amounts you set.
alerts-viewer = An owner of the account, or who looks after its billing, can change this.
alerts-alerts = Alerts
alerts-alerts-what = Once in each billing period, when usage has cost so much, everybody who looks after billing gets an e-mail. Nothing stops.
alerts-amount = At
alerts-state = This period
alerts-act = Remove
alerts-reached = Reached
alerts-not-reached = Not reached
alerts-remove = Remove
alerts-remove-named = Remove the alert at { $amount }
alerts-new = Tell us at
alerts-new-hint = An amount such as 50 or 1,200.00. One that is passed already is told from the next period on.
alerts-add = Add the alert
alerts-cap = Cap
alerts-cap-what = When usage has cost so much in a billing period, { $vendor }’s software is told in that moment to stop what is charged by use. It goes on when the next period begins, or as soon as you raise or remove the cap.
alerts-cap-rule = A cap is no discount: what you used is invoiced to the cent. That may be a little more than the cap, by what was under way when it was reached or is reported later.
alerts-cap-none = There is no cap.
alerts-cap-set = Your cap is { $cap }.
alerts-cap-held = Stopped at { $cap }
alerts-cap-since = Since { $moment }
alerts-cap-new = Stop at
alerts-cap-new-do = Set the cap
alerts-cap-change = Stop at another amount
alerts-cap-change-do = Change the cap
alerts-cap-raise = Go on up to
alerts-cap-raise-do = Raise the cap
alerts-cap-raise-hint = An amount above { $cost }, which has been used already.
alerts-cap-hint = An amount such as 200. One that is passed already stops at once.
alerts-cap-remove = Remove the cap
alerts-did-add = The alert is set.
alerts-did-remove = The alert is removed.
alerts-did-cap = The cap is set.
alerts-did-uncap = The cap is removed.
alerts-no-amount = Write an amount in figures, such as { $example }.
alerts-other-currency = Your usage is charged in { $currency }. Write the amount in it, in figures alone.
alerts-too-fine = Write whole steps of { $smallest }.

# Lines and sums
lines-open = Open a line to see the sum
lines-before-tax = Before tax
lines-discount = Discount
lines-tax = { $name }, { $percent } %
lines-tax-inside = { $name }, { $percent } %, is in these prices
lines-rounding = Rounding to what can be paid
lines-balance = From your balance

# Plan
plan-seats =
    { $count ->
        [one] { $count } seat
       *[other] { $count } seats
    }
plan-none = You have <b>no plan</b> yet.
plan-none-what = Choose one with your vendor; it shows here as soon as it starts.
plan-active = You have <b>{ $plan }</b> with { $quantity }.
plan-next = As it stands, the next invoice on { $day } comes to <b>{ $amount }</b>.
plan-trialing = You are trying <b>{ $plan }</b> with { $quantity } until { $day }.
plan-trialing-what = Nothing is charged before then. Cancel in time and nothing ever is.
plan-scheduled = <b>{ $plan }</b> with { $quantity } starts on { $day }.
plan-paused = <b>{ $plan }</b> is paused. Nothing is charged while it is.
plan-ended = <b>{ $plan }</b> ended on { $day }.
plan-ended-what = Your invoices stay here.
plan-change-link = Change plan or seats
plan-cancel-link = Cancel the plan
plan-pause-link = Pause the plan
plan-resume-link = Go on with the plan
plan-reactivate-link = Start the plan again
plan-viewer = You can see the plan. An owner or a billing member of your team can change it.
plan-compare = All plans
plan-what-if = What they would have cost you
plan-yours = Your plan now
plan-choose = See what { $plan } costs you
plan-fee = { $amount } { $interval }
plan-metered = { $name } { $interval }
plan-included = { $n } included
plan-then = then { $each } each
plan-each = { $each } each
plan-no-more = no more
plan-at-most = at most { $n }
plan-above = above { $from }: { $each }
plan-package = { $amount } for each { $size }
plan-cancel-planned = <b>{ $plan } ends on { $day }.</b> Until then everything works as before. Nothing more is charged but what you use.
plan-cancel-undo = Keep { $plan }
plan-pause-planned = <b>{ $plan } pauses on { $day }.</b> Until then everything works as before.
plan-pause-undo = Don’t pause
plan-change-planned = <b>{ $plan } with { $quantity } begins on { $day }.</b> Nothing changes before that.
plan-other-change-planned = <b>What you changed about { $plan } begins on { $day }.</b> Nothing changes before that.
plan-change-undo = Stay with { $plan }
plan-did-change-paid = Changed. You paid { $amount }, invoice { $number }.
plan-did-change = Changed. There was nothing to pay.
plan-did-plan = Planned. You can take it back here until it begins.
plan-did-cancel = Cancelled. You can take it back here until the last day.
plan-did-pause = Paused. Nothing is charged until you go on.
plan-did-resume = The plan goes on. There was nothing to pay.
plan-did-resume-paid = The plan goes on. You paid { $amount }, invoice { $number }.
plan-did-reactivate = The plan has started again. There was nothing to pay.
plan-did-reactivate-paid = The plan has started again. You paid { $amount }, invoice { $number }.
plan-did-from-balance = { $amount } came from your balance.
plan-did-keep = Taken back. Your plan goes on as it is.
discount-title = Discounts
discount-head = What is taken off
discount-next = On the next invoice
discount-percent = { $percent } % off
discount-amount = { $amount } off
discount-told = { $off }, { $lasts }
discount-remark = { $code }, { $lasts }
discount-once = on your next invoice
discount-forever = for as long as you have the plan
discount-months =
    { $count ->
        [one] for a month from your next invoice
       *[other] for { $count } months from your next invoice
    }
discount-until = until { $day }
promotion-label = Promotion code
promotion-hint = If you have one. Capitals, spaces and hyphens don’t matter.
promotion-hint-plan = You see what it takes off before you use it.
promotion-look = See what it takes off
promotion-gives = { $discount }.
promotion-gives-later = { $discount }. The code counts from the day of the change, unless others have used it up by then.
promotion-instead = With <b>{ $code }</b> the next invoice on { $day } comes to <b>{ $after }</b> instead of { $before }, as it stands.
promotion-changes = <b>{ $code }</b> is good for your plan.
promotion-unknown = There is no promotion code “{ $code }”. Check how it is spelled.
promotion-retired = The code “{ $code }” is no longer given out.
promotion-expired = The code “{ $code }” has expired.
promotion-used-up = The code “{ $code }” has been used as often as it may be.
promotion-again = You have used the code “{ $code }” before. It works once.
promotion-on-it = Your plan has the discount of “{ $code }” already.
promotion-other-plan = The code “{ $code }” is not for { $plan }. Choose another plan, or leave the code out.
promotion-currency = The code “{ $code }” takes off an amount in { $worth }, and you pay in { $currency }.
promotion-first-time = The code “{ $code }” is for new customers, before their first invoice.
interval-day =
    { $count ->
        [one] a day
       *[other] every { $count } days
    }
interval-week =
    { $count ->
        [one] a week
       *[other] every { $count } weeks
    }
interval-month =
    { $count ->
        [one] a month
       *[other] every { $count } months
    }
interval-year =
    { $count ->
        [one] a year
       *[other] every { $count } years
    }

# What if
what-if-title = What other plans would have cost
what-if-plan = { $plan } { $interval }
by-day =
    { $count ->
        [one] by the day
       *[other] every { $count } days
    }
by-week =
    { $count ->
        [one] by the week
       *[other] every { $count } weeks
    }
by-month =
    { $count ->
        [one] by the month
       *[other] every { $count } months
    }
by-year =
    { $count ->
        [one] by the year
       *[other] every { $count } years
    }
what-if-yours =
    { $count ->
        [one] Over the last month your plan was the cheapest: <b>{ $plan }</b>, { $total }.
       *[other] Over the last { $count } months your plan was the cheapest: <b>{ $plan }</b>, { $total }.
    }
what-if-other =
    { $count ->
        [one] Over the last month <b>{ $plan }</b> would have been cheapest: { $total }, <b>{ $less }</b> less than { $now }.
       *[other] Over the last { $count } months <b>{ $plan }</b> would have been cheapest: { $total }, <b>{ $less }</b> less than { $now }.
    }
what-if-cheapest =
    { $count ->
        [one] Over the last month <b>{ $plan }</b> would have been cheapest: { $total }.
       *[other] Over the last { $count } months <b>{ $plan }</b> would have been cheapest: { $total }.
    }
what-if-nothing = <b>No plan</b> has room for your seats.
what-if-basis = Worked out from what you used from { $from } to { $to }, with { $quantity } as you have now and the discounts you had then.
what-if-basis-add-ons = Worked out from what you used from { $from } to { $to }, with { $quantity } and the add-ons you have now, and the discounts you had then.
what-if-share = Where a plan is paid for longer than these months, they count with their share of it.
what-if-with-tax = Amounts include tax unless they say otherwise.
what-if-tax-inside = Prices have tax in them, and so have these amounts.
what-if-no-tax = No tax is charged to you.
what-if-since = Nothing was used before { $day }.
what-if-spans = How far back
what-if-months =
    { $count ->
        [one] 1 month
       *[other] { $count } months
    }
what-if-table = On each plan
what-if-range = { $from } to { $to }
what-if-before-tax = Before tax, { $currency }
what-if-total = In all, { $currency }
what-if-mark = Cheapest
what-if-same = as much as your plan now
what-if-more = { $amount } more than your plan now
what-if-less = { $amount } less than your plan now
what-if-too-small = Not possible for you: it has at most { $quantity }
what-if-part = { $name }: { $amount }
what-if-part-minimum = { $name }, up to the least that is charged: { $amount }
what-if-tax = Tax
what-if-tax-in-it = Tax that is in these amounts
what-if-meter = { $name }, { $unit }
what-if-bar = { $period }: { $used } { $unit }, { $free } of them included
what-if-drawing = { $name } of each period against the prices of { $plan }
what-if-drawn-within = { $plan } has { $free } { $unit } included, and you never used more.
what-if-drawn-above =
    { $count ->
        [one] { $plan } has { $free } { $unit } included. You used more.
       *[other] { $plan } has { $free } { $unit } included. You used more in { $above } of { $count } periods.
    }
what-if-drawn-none-included = { $plan } includes none: each is paid for.
what-if-used = The same as a table
what-if-period = Period

# An add-on
add-on-list = Add-ons
add-on-head = Add-on
add-on-act = What you can do
add-on-yours = On your plan
add-on-add = Add
add-on-change = Change
add-on-title = { $name }
add-on-title-error = Error: { $name }
add-on-several = { $n } × { $name }
add-on-without = Without { $name }
add-on-have = You have <b>{ $name }</b>. Choose, and see the price at once.
add-on-not-priced = { $name }: <b>not possible like this.</b>
add-on-later = { $name } from { $day }: <b>nothing to pay now.</b>
add-on-credit = { $name }: nothing to pay today, <b>{ $amount }</b> goes to your balance.
add-on-quantity = How many
add-on-bad-quantity = Enter how many you need: a whole number from 0 to { $most }.
add-on-give-up = Give up { $name }
add-on-button = Add { $name }, pay { $due } now
add-on-button-free = Add { $name } now
add-on-button-later = { $name } from { $day }
add-on-button-without = Give up { $name } now
add-on-button-without-later = Give up { $name } on { $day }

# The billing day
billing-day-link = Change the billing day
billing-day-title = Billing day
billing-day-title-error = Error: Billing day
billing-day-now = Your periods begin on day <b>{ $day }</b> of the month.
billing-day-what = What you have paid for the rest of this period is given back, and you pay for the days until the next one begins.
billing-day-pay = Pay <b>{ $due }</b> today, then about <b>{ $amount }</b> on { $day }, and on that day from then on.
billing-day-credit = Nothing to pay today, <b>{ $credit }</b> goes to your balance. Then about <b>{ $amount }</b> on { $day }, and on that day from then on.
billing-day-later = This period runs to { $day }. Then you pay the days to your new billing day: <b>nothing to pay now.</b>
billing-day-label = Day of the month
billing-day-hint = From 1 to 31. A month without that day has its last day instead.
billing-day-bad = Enter a day of the month: a whole number from 1 to 31.
billing-day-button-later = Change the day on { $day }

# A pause, its end, and a plan that starts again
pause-title = Pause the plan
pause-title-error = Error: Pause the plan
pause-what = While { $plan } is paused you can’t use it and nothing is charged. You go on when you like, from here.
pause-later-hint = You use what you have paid for
pause-credit = { $plan } pauses now: <b>{ $amount }</b> goes to your balance.
pause-used = { $plan } pauses now: <b>{ $amount }</b> is due for what you have used, less what you get back.
pause-now = { $plan } pauses <b>now.</b> There is nothing to pay and nothing to give back.
pause-later = { $plan } pauses on <b>{ $day }</b>: nothing to pay now.
pause-button = Pause { $plan } now
pause-button-later = Pause { $plan } on { $day }
resume-title = Go on with the plan
resume-title-error = Error: Go on with the plan
resume-what = You can use { $plan } again at once. You pay for the days from now to the end of the period.
resume-button = Go on with { $plan }, pay { $due } now
resume-button-free = Go on with { $plan }
reactivate-title = Start the plan again
reactivate-title-error = Error: Start the plan again
reactivate-what = { $plan } starts again as you had it, with a new period from today.
reactivate-button = Start { $plan } again, pay { $due } now
reactivate-button-free = Start { $plan } again
goes-on = { $plan }: pay <b>{ $due }</b> today.
goes-on-then = { $plan }: pay <b>{ $due }</b> today, then about <b>{ $amount }</b> on { $day }.
standing-not-priced = { $plan }: <b>not possible now.</b>

# Change of plan
change-title = Change plan
change-title-error = Error: Change plan
change-plan-legend = Plan
change-choose = You have <b>{ $plan }</b> with { $quantity }. Choose, and see the price at once.
change-not-priced = { $plan } with { $quantity }: <b>not possible like this.</b>
change-pay-now = { $plan } with { $quantity }: pay <b>{ $due }</b> today.
change-pay-then = { $plan } with { $quantity }: pay <b>{ $due }</b> today, then about <b>{ $amount }</b> on { $day }.
change-credit = { $plan } with { $quantity }: nothing to pay today, <b>{ $amount }</b> goes to your balance.
change-later = { $plan } with { $quantity } from { $day }: <b>nothing to pay now.</b>
change-seats = Seats
change-seats-now = You have { $quantity }.
change-seat-fewer = One seat fewer
change-seat-more = One seat more
change-pay-every = Pay
change-every = Once { $interval }
change-start = Start
change-now = Now
change-on = On { $day }
change-on-hint = Nothing to pay now
change-again = Work it out again
change-sheet = What you pay now
change-group-back = Back to you: { $plan }, not used
change-group-rest = { $plan }, the rest of this period
change-group-new = { $plan }, a new period
change-group-used = { $plan }, used until now
change-group-other = Also
change-due = Due today
change-to-balance = To your balance
change-then = On { $day }, about, as far as it is known
change-nothing-now = Nothing is invoiced now
change-waiting = The difference is on your next invoice.
change-button = Change to { $plan }, pay { $due } now
change-button-free = Change to { $plan } now
change-button-same = Change, pay { $due } now
change-button-same-free = Change now
change-button-code = Use the code { $code }
change-button-later = Change to { $plan } on { $day }
change-from = From { $method }.
change-no-method = Add a payment method first.
change-held = This price is held for you until { $time }.
change-keep = Keep { $plan }
change-no-such-plan = There is no such plan. Choose one of those below.
change-no-such-interval = This plan is not sold at that interval. Choose one of those offered.
change-interval-fixed = Your plan is paid { $interval }. Ask the company you pay to change that.
change-bad-seats = Enter how many seats you need: a whole number from 1 to { $most }.
change-declined = Nothing was charged and you still have { $plan }: your payment was declined.
change-refused = Nothing was changed and nothing was charged.
change-differs = Nothing was charged: the price is another now. Please look again.
change-differs-expired = The price had been held for 15 minutes and is worked out afresh below.
change-differs-period = A new billing period has begun in the meantime.
change-differs-subscription = Somebody changed the subscription in the meantime.
change-differs-customer = Your billing details or your balance changed in the meantime.
change-differs-plan = The plan itself was changed in the meantime.
change-differs-price = A price, a tax or a discount changed in the meantime.

# Cancelling
cancel-title = Cancel the plan
cancel-title-error = Error: Cancel the plan
cancel-answer = { $plan } would end on <b>{ $day }</b>.
cancel-answer-now = { $plan } would end <b>now</b>.
cancel-what = Until then everything works as before, and you can take it back. Usage up to the end is on a last invoice.
cancel-reason = Why are you leaving?
cancel-reason-hint = You need not say.
cancel-too-expensive = It costs too much
cancel-missing-feature = Something is missing
cancel-unused = We don’t use it enough
cancel-switched = We use something else now
cancel-quality = It did not work well enough
cancel-other = Something else
cancel-comment = Anything you want us to know
cancel-button = Cancel { $plan }
cancel-keep = Keep { $plan }
cancel-refused = Nothing was cancelled.
cancel-bad-reason = Choose one of these reasons, or none.
cancel-long-comment = This is too long: at most { $most } characters.

# Overview
lines-open-why = Open a line to see why
overview-account = Your account
overview-no-plan = You have <b>no plan</b> yet, so there is nothing to pay.
overview-no-plan-what = Once one starts, what you use and owe stands here.
overview-nothing = You have { $plan }, and <b>nothing to pay</b>.
overview-ended = { $plan } has ended. There is <b>nothing to pay</b>.
overview-paused = { $plan } is paused. There is <b>nothing to pay</b> while it is.
overview-free = You have { $plan }, and as it stands <b>nothing to pay</b> on { $day }.
overview-pay = On { $day } you pay <b>{ $amount }</b>, from { $method }.
overview-pay-no-method = On { $day } <b>{ $amount }</b> is due.
overview-pay-about = On { $day } you pay about <b>{ $amount }</b>, from { $method }.
overview-pay-about-no-method = On { $day } about <b>{ $amount }</b> is due.
overview-unpaid =
    { $count ->
        [one] One invoice is unpaid: <b>{ $amount }</b>.
       *[other] { $count } invoices are unpaid: <b>{ $amount }</b>.
    }
overview-unpaid-next = The next invoice comes on { $day }: about <b>{ $amount }</b>.
overview-held = Your invoice can’t be issued yet.
overview-held-by-vendor = The vendor has to complete its own details first.
overview-held-repair = Complete the account
overview-nothing-on-file = <b>Nothing is on file that can be charged</b>, so { $amount } can’t be paid on { $day }.
overview-add-method = Add a payment method
overview-fee-usage = { $fee } and usage
overview-stands = <b>{ $amount }</b> stands already; the rest is what you will likely use by { $day }.
overview-trial = You are trying { $plan } until { $day }. Nothing is charged before; cancel in time and nothing ever is.
overview-cancel-planned = <b>{ $plan } ends on { $day }.</b>
overview-change-planned = <b>{ $plan } begins on { $day }.</b>
overview-add-on = With { $name }
overview-planned-link = See or take it back
overview-made-of = What { $day } is made of
overview-so-far =
    So far
    { $currency }
overview-forecast =
    Forecast
    { $currency }
overview-due = Due { $day }
overview-change = Change plan or seats
overview-see-plan = See the plan
overview-plan = { $plan }, { $quantity }
overview-paid-from = Paid from
overview-no-method = No payment method
overview-expires = Expires { $month }
overview-methods = Payment methods
overview-balance = Balance
overview-balance-what = Credits are used first
overview-balance-see = See your balance
overview-last = Last invoice
overview-paid = Paid
overview-open = Open
overview-overdue = Overdue
overview-issued = issued { $day }
overview-due-on = due { $day }
gauge-head = { $name } this period
gauge-link = Day by day
gauge-included = { $n } included
gauge-then = { $n }, then { $each }
gauge-used = { $n } now
gauge-expected = { $n } forecast
gauge-title = { $name }: { $used } { $unit } used; { $free } are included.
gauge-title-forecast = { $name }: { $used } { $unit } used of a forecast { $expected }; { $free } are included.
# Signing in
title-error = Error: { $title }
sign-in-title = Sign in
sign-in-heading = See what you pay, <b>and why.</b>
sign-in-email = E-mail
sign-in-password = Password
sign-in-continue = Continue
sign-in-forgot = Forgot the password?
sign-in-email-empty = Enter your e-mail address.
sign-in-password-empty = Enter your password.
sign-in-not-title = You are not signed in
sign-in-wrong = This e-mail and password don’t belong together. Check both, or set a new password.
sign-in-shut-off = There were too many wrong passwords, so it no longer works here. Set a new one with “Forgot the password?”.
sign-in-busy = Many people are signing in right now. Try again in a few seconds.
sign-in-over-title = That took too long
sign-in-over = Enter your password once more; then your code.
sign-in-code-heading = Now <b>your code.</b>
sign-in-submit = Sign in
sign-in-another = Sign in as someone else
back-to-sign-in = Back to sign in
wait-seconds =
    { $seconds ->
        [one] There were too many wrong attempts. Wait one second, then try again.
       *[other] There were too many wrong attempts. Wait { $seconds } seconds, then try again.
    }
wait-minutes = There were too many wrong attempts. Wait { $minutes } minutes, then try again.

# Codes
code-label = Code
code-label-app = Code from your authenticator app
code-hint = Six digits from your authenticator app. Spaces don’t matter.
code-hint-recovery = Without the app, enter one of your recovery codes here.
code-step-up-hint =
    { $minutes ->
        [one] You last entered one a minute ago. This needs one from the last 5 minutes.
       *[other] You last entered one { $minutes } minutes ago. This needs one from the last 5 minutes.
    }
code-step-up-first = You came by a link. The code approves what this form says for { $customer }, and nothing else.
code-step-up-frame = It approves what this form says for { $customer }, and nothing else.
code-empty = Enter the code your app shows.
code-malformed = A code has six digits; a recovery code has twenty-five.
code-not-of-the-app = A code here has six digits, as your authenticator app shows them.
code-wrong = That is not the code right now. Your app shows a new one every 30 seconds.
code-used = That code was used before. Your app shows a new one within 30 seconds.
code-shut-off = There were too many wrong codes, so codes of this kind no longer work here. Use a recovery code, or ask the company you pay for help.
code-shut-off-here = There were too many wrong codes, so none counts here any more. Sign in at the portal’s own address to do this.
code-not-enrolled = There is no authenticator on this sign-in yet.

# Another password
forgot-title = Forgot the password
forgot-heading = Set a <b>new password.</b>
forgot-what = We send you a link to set it. Your authenticator stays as it is.
forgot-submit = Send the link
forgot-sent-heading = Look in <b>your mail.</b>
forgot-sent = If there is an account under that address, a link is on its way. It works once, for an hour.
reset-title = New password
reset-heading = Choose a <b>new password.</b>
reset-submit = Save the password
reset-then = Next, we ask for your code as always.
new-password = New password
new-password-hint = At least 8 characters. A few words in a row are easy to remember and hard to guess.
current-password = Password now
password-too-short = A password needs at least 8 characters.
password-too-long = A password has at most 128 characters.
password-common = This is one of the passwords that are tried first everywhere. Choose another.
password-personal = This is your own name or address, or { $vendor }’s. Choose something that can’t be known.
password-wrong-present = This is not your password now.
dead-link-title = Link no longer works
dead-link-heading = This link no longer works.
dead-link-reset = It was used, or is older than an hour. Your password is as it was.
dead-link-invitation = It was used, or is older than three days. If you have set your password, just sign in.
dead-link-again = Send me a new link

# Invitation
invitation-title = Welcome
invitation-heading = Welcome to <b>{ $vendor } billing.</b>
invitation-password = Choose a password
invitation-then = Next, you connect an authenticator app: it keeps others out even if they learn your password.
enrol-title = Connect your authenticator
enrol-heading = Connect <b>your authenticator.</b>
enrol-what = Scan this with an authenticator app on your phone, then enter the code it shows.
enrol-qr = QR code for your authenticator app; the same as text follows
enrol-text-key = Or type this key into the app:
enrol-code = Code the app shows
enrol-submit = Connect and sign in
recovery-title = Recovery codes
recovery-heading = Keep these <b>recovery codes.</b>
recovery-what = Each signs you in once if you lose your authenticator. They are shown only now: keep them where you keep your passwords.
recovery-download = Download
recovery-file = Recovery codes for { $vendor } billing. Each works once.
recovery-continue = I have kept them, continue
recovery-kept = I have kept them

# Sign-in and security
security-place = Sign-in and security
security-heading = You sign in as <b>{ $email }</b> with a password and an authenticator.
security-password = Password
security-password-change = Change password
security-password-heading = Change <b>your password.</b>
security-others-end = All your other sessions end.
security-authenticator = Authenticator
security-authenticator-on = On
security-authenticator-replace = Replace authenticator
security-authenticator-heading = Replace <b>your authenticator.</b>
security-authenticator-what = Have your new phone or app ready. The old one works until you have entered a code of the new one.
security-authenticator-scan = Scan this with the new app, then enter the code it shows.
security-recovery = Recovery codes
security-recovery-left =
    { $left ->
        [0] None left
        [one] 1 left
       *[other] { $left } left
    }
security-recovery-renew = Make new recovery codes
security-recovery-heading = Make <b>new recovery codes.</b>
security-recovery-what = You get ten new ones, and the old ones stop working.
sessions-title =
    { $count ->
        [one] Signed in here only
       *[other] Signed in on { $count } devices
    }
sessions-device = Device
sessions-seen = Last used, { $zone }
sessions-from = From { $ip }, since { $since }
sessions-this = This device
sessions-end = Sign out
sessions-end-named = Sign out { $device }
sessions-end-others = Sign out everywhere else
sessions-end-heading = Sign out <b>{ $device }.</b>
sessions-end-others-heading = Sign out <b>everywhere else.</b>
device-browser-system = { $browser } on { $system }
device-unknown = Unknown device
switch-title = Switch customer
switch-heading = You are looking at <b>{ $customer }.</b> Go to:

# Letters
mail-test-subject = [Test] { $subject }
mail-greeting = Hello { $name },
mail-closing = { $name }, { $city }
mail-not-you = If this wasn’t you, change your password now at { $link } and write to { $support }.
mail-invitation-subject = Your access to { $vendor } billing
mail-invitation-what = You can now see what you use and what you pay at { $vendor }.
mail-invitation-customer = You can now see what { $customer } uses and pays at { $vendor }.
mail-invitation-how = The link works once, for three days. You choose a password and connect an authenticator app; it takes two minutes.
mail-invitation-action = Set up your sign-in
mail-member-subject = One more account at { $vendor } billing
mail-member-what = You can now also see what { $customer } uses and pays at { $vendor }. Sign in as always and switch to it by its name.
mail-member-action = Open billing
mail-reset-subject = Set a new password for { $vendor } billing
mail-reset-what = Somebody, probably you, asked to set a new password for { $vendor } billing. The link works once, for an hour.
mail-reset-not-you = If it wasn’t you, do nothing: your password stays as it is.
mail-reset-action = Set a new password
mail-device-subject = New sign-in to { $vendor } billing
mail-device-what = Your account was signed in to from a device it hadn’t seen before, on { $time } UTC, from { $ip }, by { $agent }.
mail-device-unnamed = a browser that does not name itself
mail-password-subject = Your password for { $vendor } billing was changed
mail-password-what = Your password was changed, and all your other sessions were ended.
mail-totp-subject = Your authenticator for { $vendor } billing was replaced
mail-totp-what = A new authenticator app was connected to your account; the old one no longer works.
mail-recovery-subject = A recovery code for { $vendor } billing was used
mail-recovery-what =
    { $left ->
        [0] One of your recovery codes was used. It was the last: make new ones now.
        [one] One of your recovery codes was used. One is left.
       *[other] One of your recovery codes was used. { $left } are left.
    }
mail-codes-subject = New recovery codes for { $vendor } billing
mail-codes-what = Ten new recovery codes were made for your account; the old ones no longer work.
mail-spend-subject = { $customer }’s usage at { $vendor } has reached { $amount }
mail-spend-what = Since { $from }, what { $customer } uses at { $vendor } has come to { $cost }, before discounts and tax.
mail-spend-asked = You asked to be told at { $amounts }. Nothing stops, and these amounts are not told again before { $day }.
mail-spend-action = See what is used
mail-cap-subject = { $customer } has reached its cap at { $vendor }
mail-cap-what = Since { $from }, what { $customer } uses at { $vendor } has come to { $cost }, before discounts and tax. Your cap is { $cap }, so { $vendor }’s software has been told to stop what is charged by use.
mail-cap-rule = What was used is invoiced as always, to the cent: also what was under way when the cap was reached, or is reported later.
mail-cap-goes-on = It goes on when somebody raises or removes the cap, and by itself on { $day }.
mail-cap-action = Raise or remove the cap
mail-document-action = See the invoice
mail-invoice-subject = Invoice { $number } from { $vendor }: { $amount }
mail-invoice-what = Your invoice { $number } of { $day } comes to { $amount }.
mail-invoice-due = { $due } is to be paid by { $day }.
mail-invoice-covered = Nothing is left to pay: it was covered by what you had to your credit.
mail-invoice-action = See and pay the invoice
mail-note-subject = Credit note { $number } from { $vendor }: { $amount }
mail-note-what = On { $day } you were credited { $amount }, by credit note { $number }. It says what for, and where the money went.
mail-note-action = See the credit note
mail-receipt-subject = Receipt: { $amount } paid to { $vendor }
mail-receipt-what = { $vendor } received { $amount } for invoice { $number } on { $day }, from { $method }.
mail-receipt-settled = The invoice is paid; nothing is left to do.
mail-receipt-left = { $due } of it is still due.
mail-transfer-what =
    { $vendor } received your bank transfer of { $amount } on { $day }, for { $count ->
        [one] invoice
       *[other] invoices
    } { $numbers }.
mail-transfer-settled =
    { $count ->
        [one] The invoice is paid
       *[other] The invoices are paid
    }; nothing is left to do.
mail-transfer-not-due = It was paid already, so nothing was due.
mail-transfer-left = { $due } of invoice { $number } is still to be paid.
mail-transfer-awaited = { $due } of invoice { $number } is tax you withheld. Enter its certificate by { $day }; until then you are not asked for that amount.
mail-transfer-over = { $over } more than was due came in. It is in your balance and pays the next invoices first.
mail-awaited-subject = The certificate for invoice { $number } from { $vendor } is awaited until { $day }
mail-awaited-what = You paid invoice { $number } less { $amount } of tax you withhold, and the certificate for that has not arrived yet.
mail-awaited-due = Enter it by { $day }. Without it, { $amount } of the invoice is unpaid from then on.
mail-awaited-charged = Enter it by { $day }. Without it, { $amount } is charged to { $method } then.
mail-awaited-action = Enter the certificate
mail-failed-subject = Payment failed: { $amount } to { $vendor }
mail-failed-again-subject = Payment failed again: { $amount } to { $vendor }
mail-debit-subject = { $amount } for { $vendor } will be debited on { $day }
mail-debit-what = { $vendor } has { $amount } for invoice { $number } debited from { $method }, on { $day } or on the next bank day.
mail-debit-what-else = { $vendor } has { $amount } debited from { $method }, on { $day } or on the next bank day.
mail-debit-by = It is done by the mandate { $mandate }.
mail-debit-by-creditor = It is done by the mandate { $mandate }, creditor identifier { $creditor }.
mail-debit-how = You need not do anything: see that there is enough money in the account.
mail-failed-what = Invoice { $number } could not be paid: { $amount } is due, and { $method } was declined. { $reason }
mail-failed-no-method = Invoice { $number } could not be paid: { $amount } is due, and there is nothing on file that can be charged.
mail-failed-action = Pay { $amount } now
mail-warning-subject = Last reminder: { $amount } to { $vendor } by { $day }
mail-warning-what = Invoice { $number } is still unpaid: { $amount } is due.
mail-unpaid-subject = { $amount } to { $vendor } is still unpaid
mail-given-up-subject = Invoice { $number } from { $vendor }: { $amount } was not paid
mail-given-up-what = Invoice { $number } was not paid. { $vendor } doesn’t ask for the { $amount } any more, and nothing will be charged for it.
mail-given-up-how = If you want to pay it after all, you can, on the page of the invoice.
mail-unpaid-how = You can still pay it at any time.
mail-recovered-subject = Thank you: invoice { $number } from { $vendor } is settled
mail-recovered-what = Invoice { $number } is settled, and nothing of it is due any more. Thank you.
mail-recovered-access = { $plan } is active.
mail-recovered-resumed = { $plan } goes on now. What it costs from today to the end of its period is invoiced as always.
mail-recovered-action = See your account
mail-certificate-subject = Certificate { $certificate } was not accepted by { $vendor }: { $amount } is due again
mail-certificate-what = { $vendor } did not accept certificate { $certificate } of tax you withheld, so { $amount } of invoice { $number } is due again. { $vendor } says: “{ $because }”
mail-certificate-how = You can enter another certificate, or pay that amount, on the page of the invoice.
mail-refund-subject = { $amount } is on its way back to you from { $vendor }
mail-refund-what = { $amount } of invoice { $number } went back to where it was paid from. Banks show it within a few days.
mail-refund-balance = { $amount } of your balance went back to where it was paid from. Banks show it within a few days.
mail-topped-up-what = { $vendor } received { $amount } for your balance on { $day }, from { $method }.
mail-pack-what = { $vendor } received { $amount } for { $name } on { $day }, from { $method }. It gives { $credit } of credit.
mail-topped-up-balance = There is { $balance } in your balance now. It pays the next invoices first.
mail-topped-up-action = See the receipt
mail-top-up-stopped-subject = Your balance at { $vendor } could not be topped up by { $amount }
mail-top-up-stopped-what = The balance of { $customer } at { $vendor } is low. { $amount } was to be paid in from { $method } by itself, and was declined. Nothing was charged.
mail-top-up-stopped-how = Nothing is paid in by itself any more until you set it again.
mail-top-up-stopped-action = Set it again
mail-credit-expiring-subject = { $amount } of your balance at { $vendor } expires soon
mail-credit-expiring-what = { $customer } has { $amount } of credit at { $vendor } that expires on { $moment }.
mail-credit-expiring-how = Invoices until then are paid from it first. Nothing need be done for that.
mail-credit-expired-subject = { $amount } of your balance at { $vendor } has expired
mail-credit-expired-what = { $amount } of credit that { $customer } had at { $vendor } was not used in time and has expired.
mail-balance-action = See your balance
mail-expiring-subject = { $method } expires on { $day }
mail-expiring-what = { $method }, which pays for { $customer } at { $vendor }, can be charged until { $day }.
mail-expiring-how = Replaced before then, nothing is interrupted. It takes a minute.
mail-expiring-action = Replace it
mail-trial-subject = Your trial of { $plan } ends on { $day }
mail-trial-what = Your trial of { $plan } at { $vendor } ends on { $day }.
mail-trial-charged = Then the first invoice is made and charged. If you don’t want to go on, cancel before that day, and nothing is charged.
mail-trial-no-method = Add a payment method before that day so that nothing stops.
mail-trial-action = See your plan
mail-trial-add = Add a payment method
mail-renewal-subject = { $plan } at { $vendor } renews on { $day }
mail-renewal-what = { $plan } of { $customer } at { $vendor } renews on { $day }.
mail-renewal-charged = As it stands, { $amount } is charged to { $method } then; what is used until then comes on top.
mail-renewal-due = As it stands, { $amount } is invoiced then; what is used until then comes on top.
mail-renewal-nothing = As it stands, there is nothing to pay then.
mail-renewal-how = If you don’t want it to go on, or want another plan, say so before that day.
mail-changed-subject = Your plan at { $vendor } is { $plan } now
mail-changed-what = { $customer } is on { $plan } at { $vendor } now.
mail-changed-quantity = The number of seats, or of whatever the plan is counted by, is { $quantity }.
mail-changed-how = The page of your plan shows what it costs, and the last documents what was credited of the one before, to the cent.
mail-ended-subject = { $plan } at { $vendor } has ended
mail-ended-what = { $plan } of { $customer } at { $vendor } has ended. Nothing more is charged for it, but what was used and not yet invoiced.
mail-ended-kept = Your invoices stay where they are, and you can come back at any time.
mail-ended-action = See your plan

# Countries
country-name =
    { $code ->
        [AD] Andorra
        [AE] United Arab Emirates
        [AF] Afghanistan
        [AG] Antigua and Barbuda
        [AI] Anguilla
        [AL] Albania
        [AM] Armenia
        [AO] Angola
        [AQ] Antarctica
        [AR] Argentina
        [AS] American Samoa
        [AT] Austria
        [AU] Australia
        [AW] Aruba
        [AX] Åland Islands
        [AZ] Azerbaijan
        [BA] Bosnia and Herzegovina
        [BB] Barbados
        [BD] Bangladesh
        [BE] Belgium
        [BF] Burkina Faso
        [BG] Bulgaria
        [BH] Bahrain
        [BI] Burundi
        [BJ] Benin
        [BL] Saint Barthélemy
        [BM] Bermuda
        [BN] Brunei
        [BO] Bolivia
        [BQ] Caribbean Netherlands
        [BR] Brazil
        [BS] Bahamas
        [BT] Bhutan
        [BV] Bouvet Island
        [BW] Botswana
        [BY] Belarus
        [BZ] Belize
        [CA] Canada
        [CC] Cocos Islands
        [CD] Congo (Kinshasa)
        [CF] Central African Republic
        [CG] Congo (Brazzaville)
        [CH] Switzerland
        [CI] Côte d’Ivoire
        [CK] Cook Islands
        [CL] Chile
        [CM] Cameroon
        [CN] China
        [CO] Colombia
        [CR] Costa Rica
        [CU] Cuba
        [CV] Cape Verde
        [CW] Curaçao
        [CX] Christmas Island
        [CY] Cyprus
        [CZ] Czechia
        [DE] Germany
        [DJ] Djibouti
        [DK] Denmark
        [DM] Dominica
        [DO] Dominican Republic
        [DZ] Algeria
        [EC] Ecuador
        [EE] Estonia
        [EG] Egypt
        [EH] Western Sahara
        [ER] Eritrea
        [ES] Spain
        [ET] Ethiopia
        [FI] Finland
        [FJ] Fiji
        [FK] Falkland Islands
        [FM] Micronesia
        [FO] Faroe Islands
        [FR] France
        [GA] Gabon
        [GB] United Kingdom
        [GD] Grenada
        [GE] Georgia
        [GF] French Guiana
        [GG] Guernsey
        [GH] Ghana
        [GI] Gibraltar
        [GL] Greenland
        [GM] Gambia
        [GN] Guinea
        [GP] Guadeloupe
        [GQ] Equatorial Guinea
        [GR] Greece
        [GS] South Georgia and South Sandwich Islands
        [GT] Guatemala
        [GU] Guam
        [GW] Guinea-Bissau
        [GY] Guyana
        [HK] Hong Kong
        [HM] Heard and McDonald Islands
        [HN] Honduras
        [HR] Croatia
        [HT] Haiti
        [HU] Hungary
        [ID] Indonesia
        [IE] Ireland
        [IL] Israel
        [IM] Isle of Man
        [IN] India
        [IO] British Indian Ocean Territory
        [IQ] Iraq
        [IR] Iran
        [IS] Iceland
        [IT] Italy
        [JE] Jersey
        [JM] Jamaica
        [JO] Jordan
        [JP] Japan
        [KE] Kenya
        [KG] Kyrgyzstan
        [KH] Cambodia
        [KI] Kiribati
        [KM] Comoros
        [KN] Saint Kitts and Nevis
        [KP] North Korea
        [KR] South Korea
        [KW] Kuwait
        [KY] Cayman Islands
        [KZ] Kazakhstan
        [LA] Laos
        [LB] Lebanon
        [LC] Saint Lucia
        [LI] Liechtenstein
        [LK] Sri Lanka
        [LR] Liberia
        [LS] Lesotho
        [LT] Lithuania
        [LU] Luxembourg
        [LV] Latvia
        [LY] Libya
        [MA] Morocco
        [MC] Monaco
        [MD] Moldova
        [ME] Montenegro
        [MF] Saint Martin
        [MG] Madagascar
        [MH] Marshall Islands
        [MK] North Macedonia
        [ML] Mali
        [MM] Myanmar
        [MN] Mongolia
        [MO] Macao
        [MP] Northern Mariana Islands
        [MQ] Martinique
        [MR] Mauritania
        [MS] Montserrat
        [MT] Malta
        [MU] Mauritius
        [MV] Maldives
        [MW] Malawi
        [MX] Mexico
        [MY] Malaysia
        [MZ] Mozambique
        [NA] Namibia
        [NC] New Caledonia
        [NE] Niger
        [NF] Norfolk Island
        [NG] Nigeria
        [NI] Nicaragua
        [NL] Netherlands
        [NO] Norway
        [NP] Nepal
        [NR] Nauru
        [NU] Niue
        [NZ] New Zealand
        [OM] Oman
        [PA] Panama
        [PE] Peru
        [PF] French Polynesia
        [PG] Papua New Guinea
        [PH] Philippines
        [PK] Pakistan
        [PL] Poland
        [PM] Saint Pierre and Miquelon
        [PN] Pitcairn Islands
        [PR] Puerto Rico
        [PS] Palestine
        [PT] Portugal
        [PW] Palau
        [PY] Paraguay
        [QA] Qatar
        [RE] Réunion
        [RO] Romania
        [RS] Serbia
        [RU] Russia
        [RW] Rwanda
        [SA] Saudi Arabia
        [SB] Solomon Islands
        [SC] Seychelles
        [SD] Sudan
        [SE] Sweden
        [SG] Singapore
        [SH] Saint Helena
        [SI] Slovenia
        [SJ] Svalbard and Jan Mayen
        [SK] Slovakia
        [SL] Sierra Leone
        [SM] San Marino
        [SN] Senegal
        [SO] Somalia
        [SR] Suriname
        [SS] South Sudan
        [ST] São Tomé and Príncipe
        [SV] El Salvador
        [SX] Sint Maarten
        [SY] Syria
        [SZ] Eswatini
        [TC] Turks and Caicos Islands
        [TD] Chad
        [TF] French Southern Territories
        [TG] Togo
        [TH] Thailand
        [TJ] Tajikistan
        [TK] Tokelau
        [TL] Timor-Leste
        [TM] Turkmenistan
        [TN] Tunisia
        [TO] Tonga
        [TR] Türkiye
        [TT] Trinidad and Tobago
        [TV] Tuvalu
        [TW] Taiwan
        [TZ] Tanzania
        [UA] Ukraine
        [UG] Uganda
        [UM] US Outlying Islands
        [US] United States
        [UY] Uruguay
        [UZ] Uzbekistan
        [VA] Vatican City
        [VC] Saint Vincent and the Grenadines
        [VE] Venezuela
        [VG] British Virgin Islands
        [VI] US Virgin Islands
        [VN] Vietnam
        [VU] Vanuatu
        [WF] Wallis and Futuna
        [WS] Samoa
        [YE] Yemen
        [YT] Mayotte
        [ZA] South Africa
        [ZM] Zambia
        [ZW] Zimbabwe
       *[other] { $code }
    }

# The list of invoices
invoices-answer-overdue-one = <b>{ $amount }</b> is overdue: invoice { $number } was due on { $day }.
invoices-answer-overdue = <b>{ $amount }</b> is overdue on { $count } invoices, the first since { $day }.
invoices-answer-due-one = <b>{ $amount }</b> is to be paid by { $day }, on invoice { $number }.
invoices-answer-due = <b>{ $amount }</b> is to be paid on { $count } invoices, the first by { $day }.
invoices-answer-on-its-way = <b>{ $amount } is on its way</b> from your bank.
invoices-answer-nothing-due = <b>Nothing</b> is due.
invoices-lede-last = The last was { $number } of { $day }: <b>{ $amount }</b>.
invoices-lede-due = Besides, <b>{ $amount }</b> is to be paid by { $day } or later.
invoices-pay = Pay { $amount }
invoices-pay-first = Pay { $amount }, invoice { $number }
invoices-filter = Find invoices
invoices-state = State
invoices-any-state = Any
invoices-year = Year
invoices-any-year = All
invoices-search = Number, line or purchase order
invoices-show = Show
invoices-show-all = Show all
invoices-none-fit = No invoice fits.
invoices-caption = Your invoices and credit notes, the newest first
invoices-document = Invoice
invoices-date = Date
invoices-amount = Amount
invoices-and-more = { $names } and { $count } more
invoices-open = Open
invoices-overdue = Overdue
invoices-paid = Paid
invoices-credit-notes = Credit notes
invoices-ended = Cancelled or written off
invoices-credited = Credited
invoices-nothing-due = Nothing to pay
invoices-due-on = Due on { $day }
invoices-void = Cancelled
invoices-written-off = Written off
invoices-expected = Expected
invoices-older = Older invoices
invoices-empty = <b>No invoices yet</b>, and none is coming.
invoices-empty-free = What you have now costs nothing. Once something does, each invoice is here from the day it is issued.
invoices-empty-first = No invoices yet. The first comes on <b>{ $day }</b>.
invoices-empty-trial = No invoices yet. The first comes on <b>{ $day }</b>, when your trial ends.
invoices-empty-amount = As things stand it will be <b>{ $amount }</b>. Until then you pay nothing.
invoices-empty-amount-taxed = As things stand it will be <b>{ $amount }</b>, { $tax } tax included. Until then you pay nothing.
invoices-empty-add-method = Add a payment method
invoices-empty-add-method-before = Add a payment method before { $day }
invoices-empty-plans = Compare plans
invoices-empty-find = What you will find here
invoices-empty-how = How the list will look
invoices-empty-reasons = Each line gives its reason
invoices-empty-reasons-what = Which usage, which days, which price
invoices-empty-pdf = PDF
invoices-empty-pdf-what = For your books, from the day of issue
invoices-empty-sent = Sent where you say
invoices-empty-sent-what = Your accountant needs no sign-in
invoices-empty-add-recipient = Add a recipient

# An invoice or credit note, on its page and on paper
document-invoice = Invoice
document-credit-note = Credit note
document-tax-invoice = Tax Invoice
document-heading-invoice = Invoice { $number }
document-heading-credit-note = Credit note { $number }
document-number-date = { $number }, { $day }
document-from = From
document-to = To
document-date = Date
document-due = Due
document-supplied = Supplied
document-what = What
document-quantity = Quantity
document-page = Page { $page } of { $pages }
document-tax-id = VAT { $id }
document-tax-id-other = Tax ID { $id }
document-tax-id-japan = Registration number { $id }
document-tax-id-head-office = Tax ID { $id }, head office
document-tax-id-branch = Tax ID { $id }, branch { $branch }
document-purchase-order = Your purchase order
document-corrects-head = Corrects
document-corrects = Corrects { $numbers }.
document-corrected-by = Corrected by
document-open-a-line = Open a line to see why
document-caption = Lines of { $title } { $number }
document-before-discount = Before discount
document-discount = Discount
document-before-tax = Before tax
document-tax = { $name }, { $percent } % of { $base }
document-tax-inside = Of which { $name }, { $percent } % of { $base }
document-tax-reverse = VAT, reverse charge
document-tax-exempt = VAT, exempt
document-rounding = Rounding
document-total = Total
document-credited = Credited
document-balance = Paid from your balance
document-to-pay = To pay
document-still-due = Still due
document-reverse-charge = Reverse charge.
document-reverse-charge-what = The tax is accounted for by the recipient: Articles 44 and 196 of Directive 2006/112/EC.
document-exempt = Exempt.
document-exempt-what = No tax is charged, because the recipient is exempt.
document-for-both = For { $plan }, { $when }, and usage, { $usage }.
document-for-plan = For { $plan }, { $when }.
document-for-usage = For usage, { $usage }.
document-for-change = For the change of your plan on { $day }.
document-answer-credit = You are credited { $amount }.
document-answer-nothing = There is nothing to pay.
document-answer-balance = { $amount }, paid from your balance.
document-answer-due = { $amount }, due on { $day }.
document-refund-under-way = <b>{ $amount }</b> is on its way back to where it was paid from.
document-refunded = <b>{ $amount }</b> went back on { $day } to where it was paid from.
document-credited-to-invoice = <b>{ $amount }</b> was taken off what you owed, on { $day }.
document-credited-to-balance = <b>{ $amount }</b> was credited to you on { $day }; the next invoices use what is left of it first.
document-void = Invoice <b>{ $number }</b> was cancelled. Nothing is to be paid of it.
document-written-off = <b>{ $amount }</b> of invoice { $number } was not paid, and { $vendor } doesn’t ask for it any more.
document-written-off-pay = You can still pay it, if you want to.
document-overdue = <b>{ $amount }</b> is overdue since { $day }.
document-open = <b>{ $amount }</b> is to be paid by { $day }.
document-nothing = There was <b>nothing</b> to pay.
document-paid-from = You paid <b>{ $amount }</b> on { $day }, from { $method }.
document-paid-by-transfer = You paid <b>{ $amount }</b> on { $day }, by bank transfer.
document-paid = You paid <b>{ $amount }</b> by { $day }.
document-paid-by-balance = Your balance paid <b>{ $amount }</b> on { $day }.
document-all-credited = All of it, <b>{ $amount }</b>, was credited. Nothing is to be paid.
document-settled = <b>{ $amount }</b> was settled by { $day }.
document-paid-in-full = Paid in full
document-declined = <b>{ $method } was declined for { $amount }.</b> { $reason }
document-announced = <b>{ $amount }</b> is debited on { $day }.
document-on-its-way = <b>{ $amount } is on its way</b> from your bank, expected by { $day }.
document-waits = On its way
document-debit = By direct debit from { $method }. You need not do anything.
document-under-way = <b>{ $amount } from { $method } is on its way.</b> The bank has not answered yet.
document-under-way-see = See what came of it
document-debit-see = See the payment
document-download = Download PDF
document-attachment = The same document for accounting programs
document-structured = For accounting programs, by EN 16931:
document-structured-cii = XML as CII
document-structured-ubl = XML as UBL
document-viewer = Your role lets you see invoices. An owner or a billing member of the account can pay them.
document-see-days =
    { $count ->
        [one] See the day
       *[other] See the { $count } days
    }
document-withhold = Does your law have you withhold { $percent } % tax? Enter your certificate first
document-withhold-again = Enter another certificate of { $percent } % tax you withhold
document-row-paid-from = Paid on { $day }, { $method }
document-row-paid = Paid on { $day }
document-disputed = Your bank has taken a payment of this invoice back while it decides about it. Until then nothing of it is charged again, and nothing can be given back.
document-row-dispute = Taken back by your bank on { $day }
document-row-transfer = Bank transfer, arrived on { $day }
document-row-write-off = Written off on { $day }
document-row-write-off-back = No longer written off, { $day }
document-row-transfer-back = Bank transfer taken back on { $day }
document-row-balance = From your balance on { $day }
document-row-credit-note = Credit note { $number }
document-row-withheld = Tax you withheld, certificate { $number }
document-row-withheld-back = Certificate { $number } not accepted on { $day }
document-certificate-awaited = <b>{ $amount }</b> waits for the certificate of the tax you withheld, until { $day }.
document-withheld-back = <b>Certificate { $number } was not accepted</b>, so { $amount } is due again. { $vendor } says: “{ $because }”
document-chart-title = { $name }, { $when }
document-chart-running = Running total
document-chart-days = Each day
document-chart-key-included = Included
document-chart-key-charged = Charged
document-chart-included = { $n } included
document-chart-then = { $n }, then { $each } each
document-chart-total = { $n } { $unit } in all.
document-chart-used-up = The { $n } included were used up on { $day }.
document-chart-busiest = The busiest day was { $weekday } { $day } with { $n }.
document-chart-zone = Days begin at 00:00, { $zone }.

# A structured invoice: what it says in words
einvoice-terms = To be paid by { $day }.
einvoice-terms-credit = Nothing is to be paid: the amount is credited to you.
einvoice-not-taxed = Not subject to tax.
einvoice-exact = Amounts are rounded to two decimals here, as the standard asks. The exact total is { $amount }.
einvoice-test = Test mode: this document is worth nothing.

# Account
account-title = Account
account-answer = Invoices of <b>{ $customer }</b> are made out to { $company }.
account-answer-recipients =
    { $count ->
        [one] Invoices of <b>{ $customer }</b> are made out to { $company } and mailed to one recipient.
       *[other] Invoices of <b>{ $customer }</b> are made out to { $company } and mailed to { $count } recipients.
    }
account-company = On your invoices
account-company-saved = Saved. It stands on every invoice from now on; those already issued stay as they are.
account-choose = Choose a country
account-name = Name
account-legal-name = Company, as it stands on invoices
account-address = Address
account-address1 = Street and number
account-address2 = Address, second line
account-postal-code = Postal code
account-city = City
account-region = State or region
account-country = Country
account-tax-id = Tax id
account-tax-id-hint = Your VAT number with its country letters, such as ATU12345678. It can decide the tax you pay.
account-purchase-order = Purchase order
account-purchase-order-hint = Printed on every invoice from now on.
account-emails = Who receives invoices
account-emails-hint = One e-mail address a line, up to { $most }. They need no sign-in.
account-save-company = Save
account-none = None
account-viewer = Your role lets you see this. An owner or a billing member of the account can change it.
account-display = For you alone
account-display-saved = Saved. Pages are shown to you like this from now on.
account-signed-in-as = You sign in as { $email }.
account-your-name = Your name
account-language = Language
account-as-company = The same as your company’s
account-time-zone = Time zone
account-time-zone-hint = Pages show times of it; now it is { $zone }. What is billed goes by your plan’s own zone, whatever you choose here.
account-save-display = Save for me
account-members = Members
account-person = Person
account-may = May
account-since = Since
account-you = { $name } (you)
account-role-owner = Everything
account-role-billing = Change plan and payment
account-role-viewer = Look, change nothing
language-name =
    { $code ->
        [en] English
       *[other] { $code }
    }

# What happened
messages-title = Messages
messages-answer = The last message was written on <b>{ $day }</b>.
messages-answer-earlier = What was written <b>earlier</b>.
messages-answer-none = <b>No message</b> has been written yet.
messages-subject = Subject
messages-subject-head = <b>{ $subject }</b>
messages-to = To { $email }
messages-sent = Sent to { $name } at { $email }, { $moment }
messages-waiting = To { $name } at { $email }. It waits for the mail server.
activity-title = Activity
activity-all = All activity
activity-what = What happened
activity-when = When, { $zone }
activity-answer = The last thing happened on <b>{ $day }</b>.
activity-answer-earlier = What happened <b>earlier</b>.
activity-answer-none = <b>Nothing</b> has happened yet.
activity-older = Earlier
activity-latest = Back to the latest
activity-by = By { $name }
activity-by-staff = By the vendor
activity-by-itself = Automatically
activity-other = Something was noted
activity-customer-created = The account was opened
activity-customer-updated = Account details were changed
activity-customer-suspended = Access to billing was suspended
activity-customer-resumed = Access to billing was opened again
activity-member-added = Somebody became a member
activity-invited = An invitation was sent
activity-invoice-issued = Invoice { $number } was issued: { $amount }
activity-credit-note-issued = Credit note { $number } was issued: { $amount }
activity-invoice-paid = Invoice { $number } was paid: { $amount }
activity-invoice-payment-failed = Invoice { $number } could not be paid
activity-refund = { $amount } of invoice { $number } goes back to you
activity-refund-of-balance = { $amount } of your balance goes back to you
activity-refund-of-balance-succeeded = { $amount } of your balance went back to you
activity-refund-of-balance-refused = { $amount } could not go back to where it was paid from; it is in your balance again
activity-refund-succeeded = { $amount } of invoice { $number } went back to you
activity-refund-refused = { $amount } of invoice { $number } could not go back to where it was paid from; it is in your balance
activity-invoice-held = An invoice is held back: something is missing that the law wants on it
activity-charge = { $amount } was put on the next invoice
activity-tax-withheld = { $amount } of invoice { $number } was withheld as tax
activity-dispute = Your bank took a payment of { $amount } back, to decide about it
activity-dispute-won = Your bank decided about a payment of { $amount }: it stays paid
activity-dispute-lost = Your bank decided about a payment of { $amount }: it is yours again
activity-transfer = A bank transfer of { $amount } arrived
activity-written-off = { $amount } of invoice { $number } was written off: it isn’t asked for any more
activity-write-off-back = { $amount } of invoice { $number } is no longer written off
activity-transfer-back = A bank transfer of { $amount } was taken back
activity-withholding-taken-back = Certificate { $certificate } was not accepted: { $amount } of invoice { $number } is due again
activity-balance-granted = { $amount } was added to your balance
activity-topped-up = { $amount } was paid into your balance
activity-bought = { $name } was bought
activity-not-bought = { $name } could not be bought any more; what was paid is in your balance
activity-purchase-too-late = { $amount } was paid for something that was bought already or could not be; it is in your balance
activity-automatic-set = { $amount } is paid in by itself when the balance is low
activity-automatic-removed = Nothing is paid into the balance by itself any more
activity-automatic-stopped = { $amount } could not be paid in by itself; it happens no more
activity-balance-expiring = { $amount } of your balance expires soon
activity-balance-expired = { $amount } of your balance expired
activity-payment-succeeded = { $amount } was paid
activity-payment-declined = A payment of { $amount } was declined; nothing was charged
activity-payment-announced = A direct debit of { $amount } was announced
activity-payment-needs-action = A payment of { $amount } waits for confirmation at the bank
activity-payment-charged-otherwise = The payment provider charged { $instead } for a payment of { $amount }; it is being put right
activity-payment-cancelled = A payment of { $amount } was stopped; nothing was charged
activity-method-added = A payment method was added
activity-method-default = Another payment method is charged first
activity-method-backup = The order of backup payment methods was changed
activity-method-kept = A payment method is no longer a backup
activity-payment-disputed = A payment of { $amount } was disputed with the bank
activity-method-renewed = The bank renewed a card on file
activity-method-removed = A payment method was removed
activity-method-given-up = Adding a payment method was given up
activity-spend-alert-set = An alert at { $amount } of usage was set
activity-spend-alert-removed = The alert at { $amount } of usage was removed
activity-spend-alert-reached = Usage of a period reached { $amount }: it had cost { $cost }
activity-spend-cap-set = The cap on a period’s usage was set to { $amount }
activity-spend-cap-removed = The cap of { $amount } on a period’s usage was removed
activity-spend-cap-reached = The cap of { $amount } was reached: what is charged by use was stopped
activity-spend-cap-raised = What is charged by use goes on: the cap was raised to { $amount }
activity-spend-cap-lifted = What is charged by use goes on: the cap was removed
activity-spend-cap-period = What is charged by use goes on: another period began
activity-spend-cap-released = What is charged by use goes on
activity-subscription-created = { $plan } was chosen
activity-subscription-started = { $plan } began
activity-subscription-changed = The plan was changed
activity-promotion = The promotion code { $code } was used
activity-change-planned = A change of the plan was planned
activity-change-undone = A planned change of the plan was undone
activity-cancellation-planned = Cancelling was planned
activity-cancellation-undone = Cancelling was undone
activity-subscription-ended = The plan ended
activity-subscription-reactivated = The plan was taken up again
activity-past-due = A payment is overdue
activity-recovered = Everything due is paid again
activity-pause-planned = A pause was planned
activity-pause-undone = A planned pause was undone
activity-paused = The plan is paused
activity-resumed = The pause ended
activity-trial-ending = The trial ends soon
activity-quote-too-late = { $amount } was paid after its quote had lapsed
activity-usage-reversed = Usage was taken back
activity-embed-opened = Billing was opened inside { $origin }
activity-portal-session-opened = The portal was opened by a link
activity-signed-in = Signed in
activity-password-set = A first password was set
activity-password-changed = The password was changed
activity-totp-enrolled = An authenticator app was set up
activity-totp-replaced = The authenticator app was replaced
activity-recovery-code-used = A recovery code was used
activity-recovery-codes-renewed = New recovery codes were made
activity-session-ended = A session was ended
activity-sessions-ended = All other sessions were ended
activity-preferences-chosen = Language or time zone was changed

# The API, read by people
api-title = API
api-document = The OpenAPI 3.1 document
api-scope = Scope
api-body = Body
api-answer = Answer { $status }
api-query = Query
api-name = Name
api-meaning = Meaning
api-needed = needed
api-problems = Problems
api-problems-lede = Whatever goes wrong is told as application/problem+json. Its type, such as /api#problem-not-found, names one of these and never changes; its detail is for people.
api-types = Types

# What is refused, and why
refusal-not-found = There is nothing at this address.
refusal-fields = Some of what you entered can’t be used.
refusal-role = Your role doesn’t allow this. An owner of the account can do it, or change your role.
refusal-step-up = Confirm with a code from your authenticator app first.
refusal-database = The database could not be used.
refusal-damaged = A stored record could not be read.
refusal-no-origin = “{ $origin }” is no origin. Write scheme and host, such as https://app.example.com, without a path.
refusal-origin-not-https = { $origin } is not https: anybody on the way could change what a page there shows. Only loopback may do without.
refusal-origin-not-listed = { $origin } is not on the list.
refusal-embed-scopes = Name at least one scope: without one the frame can show nothing.
refusal-embed-origin = { $origin } is not on the list of origins. Put it there: portico embed-origin add { $origin }
refusal-customer-suspended = Access to billing is suspended for this customer. Resume it first: POST /customers/CUSTOMER/resume
refusal-embed-member = This customer has no member of that id.
refusal-shorten = Shorten this to { $most } letters.
refusal-key = A key has 1 to { $most } bytes, no blanks and no control characters.
refusal-name = A name has at most { $most } letters.
refusal-external-id = An id of your own has 1 to { $most } bytes, no control characters, and no “ext:” in front.
refusal-meter-exists = There is a meter with the key “{ $key }” already.
refusal-plan-exists = There is a plan with the key “{ $key }” already.
refusal-price-exists = The plan has a price “{ $key }” at this interval and in this currency already. A price is not changed: give the new one another key.
refusal-no-meter-of-price = The price “{ $price }” names the meter “{ $meter }”, which does not exist.
refusal-trial-days = A trial has at most { $most } days.
refusal-no-seat = A plan has room for at least one seat.
refusal-no-coupon = There is no code “{ $code }”.
refusal-coupon-used-up = The code “{ $code }” has been used as often as it may be.
refusal-coupon-retired = The coupon “{ $code }” is no longer given out.
refusal-coupon-exists = There is a coupon with the key “{ $key }” already.
refusal-no-redemptions = A limit is at least one. Leave it out where there is none.
refusal-promotion-exists = There is a promotion code “{ $code }” already.
refusal-promotion-form = A promotion code has { $least } to { $most } letters and digits; spaces and hyphens between them don’t count.
refusal-add-on-exists = There is an add-on with the key “{ $key }” at this interval already.
refusal-coupon-twice = The code “{ $code }” is named twice.
refusal-plan-interval = { $plan } is not offered at this interval.
refusal-no-add-on = There is no add-on “{ $key }”.
refusal-no-usage-to-invoice = Nothing was used that is not invoiced yet.
refusal-charge-not-positive = A charge must be of an amount above zero.
refusal-charge-unnamed = Say what is charged.
refusal-credit-not-positive = A credit must be of an amount above zero.
refusal-product-unnamed = Give the product a name.
refusal-product-exists = There is a product { $key } already.
refusal-product-no-price = Give the product a price, at least in one currency.
refusal-product-price-twice = The price in { $currency } is given twice.
refusal-service-credit = A service gives no credit. Leave credit_minor away, or make it a credit pack.
refusal-pack-credit = Say how much credit each price gives: no less than is paid.
refusal-credit-lasts = Credit of a credit pack lasts from 1 to { $most } days; leave it away for credit that lasts until it is used.
refusal-product-currency = This is not sold in { $currency }.
refusal-no-top-up = Nothing can be paid into the balance in this currency.
refusal-top-up-amount = Pay in from { $least } to { $most } at once.
refusal-top-up-bounds = The most must not be less than the least.
refusal-top-up-month = The most a month must be at least the { $amount } that are paid in at once.
refusal-credit-expires-before = When a credit expires must be ahead.
refusal-not-an-invoice = Only an invoice can be corrected by a credit note.
refusal-refund-disputed = A payment of this invoice is disputed, so nothing of it can be given back until the bank has decided. Answer the dispute at the payment provider.
refusal-refund-service = This was a service. Credit or refund its invoice { $number } instead.
refusal-refund-not-bought = Nothing was paid for this purchase, so nothing can go back.
refusal-refund-used-up = All that was paid for this is used, expired, or gone back already, so nothing can go back.
refusal-refund-more-than-left = Only { $most } of what was paid for this is left, and can go back.
refusal-refund-purchase-disputed = The bank has this payment back because it is disputed, so nothing of it can be given back.
refusal-refund-more-than-paid = Only { $most } of this invoice was paid by a payment method and can go back to it.
refusal-credit-more-than-left = A credit note of { $asked } is too much: { $left } is left of it.
refusal-subscription-due = “{ $subscription }” could not be billed for the period from { $from } to { $to }: { $why }
refusal-subscription-start-due = “{ $subscription }” could not begin: { $why }
refusal-quote-gone = This price is not held any more.
refusal-quote-not-paid = The payment could not be made. Nothing was charged and nothing was changed. Please try again.
refusal-quote-unreadable = This price can’t be read. Nothing was charged. Please look at the change again.
refusal-customer-exists = There is a customer with this external_id already.
refusal-einvoice-no-tax-id = This document has no structured form: it charges tax, and its seller had no tax id to name when it was issued.
refusal-lacks-customer-street = An invoice must name your address, and the street (address_line1) is missing. Enter it in the account, and the invoice follows.
refusal-lacks-customer-city = An invoice must name your address, and the city (city) is missing. Enter it in the account, and the invoice follows.
refusal-lacks-customer-tax-id = You account for the tax of this invoice, so it must name your VAT number (tax_id). Enter it in the account, and the invoice follows.
refusal-lacks-vendor-address = An invoice must name the vendor’s address, and the street or the city is missing in the vendor’s record.
refusal-lacks-vendor-tax-id = An invoice that states tax must name the vendor’s VAT number, and the vendor’s record has none (tax_id).
refusal-lacks-vendor-registration = A qualified invoice must name the vendor’s registration number, T and 13 digits, and the vendor’s record has none that is right (tax_id).
refusal-lacks-vendor-thai-tax-id = A tax invoice must name the vendor’s tax id of 13 digits, with 5 more of a branch, and the vendor’s record has none that is right (tax_id).
refusal-vendor-address-empty = Enter this part of the address: every invoice names it.
refusal-tax-id = This isn’t how a VAT number of the country above is written. Enter it as in { $example }, or leave the field empty.
refusal-tax-id-digit = A digit of this VAT number is wrong: its check digit doesn’t fit the others. Compare it with the original, or leave the field empty.
refusal-name-empty = Enter a name.
refusal-legal-name-empty = Enter the company’s full name, as it stands on invoices.
refusal-country = Choose a country.
refusal-locale = Choose a language, such as en or pt-BR.
refusal-time-zone = Choose a time zone.
refusal-invoice-emails = Enter at most { $most } addresses; these are { $given }.
refusal-not-an-address = “{ $text }” is not an e-mail address.
refusal-outside-calendar = That lies outside the calendar.
refusal-usage-too-large = The usage is too large to add up.
refusal-no-such-meter = There is no such meter. Choose one of those below.
refusal-range-backwards = The last day lies before the first. The period under way is shown instead.
refusal-range-too-long = A range can be at most ten years long. The period under way is shown instead.
refusal-no-usage-then = There is no usage at that date. The period under way is shown instead.
refusal-batch-too-large = A batch holds at most { $most } events; this one has { $given }. Send it in parts.
refusal-event-id = An event needs an id of 1 to { $most } bytes without control characters.
refusal-no-meter = There is no meter “{ $meter }”.
refusal-event-in-future = The event’s time, { $time }, lies in the future. Check the sender’s clock.
refusal-event-too-old = The event’s time lies before 1970.
refusal-event-needs-value = “{ $meter }” counts different values: send one in `value`.
refusal-event-value = A value has 1 to { $most } bytes and no control characters.
refusal-event-needs-quantity = “{ $meter }” reads a quantity: send one in `quantity`.
refusal-event-negative = “{ $meter }” can’t take a negative quantity: only meters that sum can.
refusal-event-too-large = A quantity can’t be larger than { $most }.
refusal-event-places = A quantity can have at most { $most } decimal places.
refusal-event-other-content = An event with the id “{ $id }” is here already, with other content. The first one stands.
refusal-host-taken = A vendor answers there already. Give this one a host of its own.
refusal-country-code = “{ $country }” is no country. Give its two capital letters, such as AT.
refusal-colour = “{ $colour }” is not of the form #rrggbb.
refusal-ledger-locked = The books are locked until { $until }, so nothing can be posted before that day.
refusal-ledger-lock-ahead = { $until } is still to come: the books can be locked until today at most.
refusal-ledger-locked-further = The books are locked until { $until } already. To open them again, unlock them and say why.
refusal-ledger-not-locked = The books are not locked.
refusal-ledger-unlock-reason = Say why the books are opened again.
refusal-clock-of-sandbox-only = Only a sandbox’s clock can be set.
clock-nothing-due = Nothing is due at any time. Start a subscription first, or move the clock to a day of your choice.
clock-not-back = This is earlier than the sandbox’s time. What happened since can’t be undone: choose a later moment.
clock-too-far = The clock moves by at most ten years at once. Choose an earlier moment.
clock-is-ahead = The sandbox’s time is ahead of the world’s and can’t go back to it. It can run with it again once the world’s time has come that far.
clock-unreadable = Enter a day and a time, such as 2027-01-31 09:00.
clock-title = Test clock
clock-answer-stands = Time in this sandbox stands at <b>{ $at }</b>.
clock-answer-runs = Time in this sandbox goes <b>with the world’s</b>.
clock-what = Move it on, and everything that falls due on the way happens, each thing at its own moment and in order: renewals, trials that end, invoices, payments. Signing in is not touched by it. It never goes back.
clock-next = Next for { $customer }
clock-next-anyone = Next for anybody in the sandbox
clock-next-none = Nothing is due
clock-waiting =
    { $count ->
        [0] Everything that fell due has been done.
        [one] One customer has something due that is being done now.
       *[other] { $count } customers have something due that is being done now.
    }
clock-move = Move it on
clock-to-next = To what is due next
clock-day = A day
clock-week = A week
clock-month = A month
clock-at = Or to a day and time
clock-at-hint = In { $zone }.
clock-at-button = Move to then
clock-release = Let it run with the world’s again
clock-again = Look again
clock-happened = See what happened
clock-title-error = Error: Test clock
clock-refused = The clock was not moved
refusal-overtaken = This request took too long, and another one with its Idempotency-Key went ahead. Nothing was done by this one.
refusal-gateway-base = The address of a payment provider’s API must be https and a host, without a path; plain http on this machine only.
refusal-gateway-keys-differ = This key and the secret key are of different modes: both must be for testing, or both live.
refusal-gateway-live-key = A sandbox pays with test keys only (sk_test_… or rk_test_…): this one would move money.
refusal-gateway-no-publishable-key = The publishable key (pk_…) is missing.
refusal-gateway-no-secret-key = The secret key (sk_… or rk_…) is missing.
refusal-gateway-not-connected = No payment gateway is connected, so there is none to let go.
refusal-gateway-publishable-key = This is not one of Stripe’s publishable keys: they begin with pk_test_ or pk_live_.
refusal-gateway-secret-key = This is not one of Stripe’s secret or restricted keys: they begin with sk_test_, sk_live_, rk_test_ or rk_live_.
refusal-gateway-test-key = This vendor has real customers: test keys would take no money. Use live keys (sk_live_… or rk_live_…), or a sandbox vendor.
refusal-gateway-webhook-secret = This is not the signing secret of one of Stripe’s webhook endpoints: they begin with whsec_.
refusal-gateway-of-payment = Payment { $payment } was taken by the gateway “{ $gateway }”, which is not connected: its money can’t go back until it is.
refusal-refund-unanswered = The payment provider gave no answer to refund { $refund }. It is asked again.
refusal-refund-under-way = Refund { $refund } is still under way at the bank.
refusal-nothing-due = Nothing is due on this invoice any more. Nothing was charged.
refusal-dispute-early = A dispute is of a charge that we have not heard of yet. It is asked about again.
refusal-dispute-unanswered = The payment provider gave no answer about a dispute. It is asked again.
refusal-method-unanswered = The payment provider gave no answer about a card that it said was renewed. It is asked again.
refusal-detach-unanswered = The payment provider did not say that it forgot the payment method. It is asked again.
refusal-default-as-backup = This one is charged first, so it can’t stand in for itself. Make another the default, and this one becomes its backup.
refusal-not-a-backup = Only a backup has an order. Make this one a backup first.
refusal-method-under-way = A payment with it is under way. Wait until that is decided, then remove it.
refusal-method-is-default = This one is charged first. Make another the default, then remove it.
refusal-only-method-invoice = This is your only payment method and an invoice is still open. Pay the invoice first, or replace it with another.
refusal-only-method-subscription = This is your only payment method and your subscription is paid with it. Replace it with another, or cancel the subscription first.
refusal-no-gateway = No payment provider is connected yet, so nothing can be charged and no payment method can be added. Please tell us, and we will put it right.
refusal-method-takes-days = A change is paid at once, and a direct debit takes days. Nothing was charged. Choose a card, or add one.
debit-notice-days = Give 0 to { $most } days.
debit-creditor-id = This is no creditor identifier: a digit or a letter of it is wrong or missing. It looks like DE98ZZZ09999999999.
refusal-not-on-offer = This way to pay is not offered here. Nothing was added. Choose one that is.
offer-euros-only = A direct debit is in euros: it can’t be offered for { $currency }.
offer-not-kept = The payment provider “{ $gateway }” can’t keep { $method }: it can’t be offered.
offer-not-chosen = The payment provider “{ $gateway }” shows { $method } wherever it takes cards, to whoever has it. Switch it off in the provider’s own settings.
refusal-no-method-for-currency = Nothing on file can be charged in { $currency }. Nothing was charged. Add a payment method that can.
refusal-method-currency = This can’t be charged in { $currency }: a direct debit is in euros. Nothing was charged. Choose another payment method.
refusal-no-method = There is nothing on file to charge. Nothing was charged. Add a payment method first.
refusal-other-gateway = This was done with the payment provider “{ $gateway }”, which is not connected now. What became of it can be found out once it is connected again.
refusal-payment-under-way = A payment for this is under way already, so it was not charged again. Reload the page in a moment to see what came of it.
refusal-payment-unanswered = The payment provider did not answer, so we can’t say yet what became of this payment. It is charged once at most. Please reload this page in a minute.
refusal-stop-unanswered = The payment provider did not answer, so this payment could not be stopped. It is charged once at most. Please try again in a minute.
refusal-setup-unanswered = The payment provider did not answer. Nothing was added and nothing was charged. Please try again in a minute.
refusal-setup-unknown = The payment provider did not answer, so we can’t say yet whether it was added. Nothing was charged. Please reload this page in a minute.
refusal-no-scope = “{ $name }” is no scope. There are: { $known }, and * for all.
refusal-scope-needed = A key needs a scope. There are: { $known }, and * for all.
refusal-key-name = Name the key in 1 to { $most } letters, by what will use it.
refusal-key-ended = This key has ended. Make a new one.
refusal-key-replaced = This key is being replaced already, by { $by }.
refusal-no-key = There is no key { $key }.
refusal-not-for-sale = { $plan } is not for sale.
refusal-no-change-planned = No change is planned.
refusal-subscription-being-paid = A payment for this subscription is under way. Nothing else was changed; please look again in a minute.
refusal-most-seats = { $plan } has at most { $most } seats.
refusal-spend-ended = This subscription has ended, so nothing of it can be limited.
refusal-amount-nothing = Write an amount above nothing.
refusal-spend-too-large = Write an amount of { $most } at most.
refusal-spend-alerts = There can be { $most } alerts at most. Remove one first.
refusal-subscription-exists = There is a subscription with this external_id already.
refusal-subscription-changed = This subscription was changed meanwhile. Nothing was done; please look again.
refusal-your-name-empty = Enter your name.
refusal-your-name-long = Shorten your name to { $most } letters.
refusal-time-zone-of-list = Choose a time zone from the list.
refusal-language-of-list = Choose a language from the list.
refusal-email = Enter an e-mail address such as name@example.com.
refusal-sent-twice = This page was sent twice. Open it again to see what holds now.
refusal-codes-of-sandbox-only = Codes are shown for a sandbox’s people only.
refusal-nobody-enrolled = Nobody with the address { $email } has enrolled an authenticator here.
refusal-interval = An interval counts at most 1200 days, weeks, months or years.

# What a told story asks for in vain (simulate)
simulate-no-subscription = The subscription “{ $subscription }” was refused when it was to begin.
simulate-change-declined = The payment was declined ({ $reason }). Nothing was charged and nothing was changed.
simulate-payment-declined = The payment was declined ({ $reason }). Nothing was charged.
simulate-no-invoice-yet = There is no invoice { $place } yet; the first is 0.
simulate-no-invoice = There is no invoice with the number “{ $number }”.
simulate-no-line = The invoice { $invoice } has no line { $place }; the first is 0.
simulate-no-line-of-price = The invoice { $invoice } has no line of the price “{ $price }”.
simulate-lines-of-price = The invoice { $invoice } has several lines of the price “{ $price }”; name one by its place.

# What the engine refuses, word for word as its own Display has it
engine-overflow = The amounts are too large to calculate with.
engine-division-by-zero = A share of nothing was asked for: the divisor is zero.
engine-nothing-to-spread-over = There is nothing to spread the amount over.
engine-unknown-currency = “{ $code }” is not an ISO 4217 currency that amounts can be billed in.
engine-not-a-fraction = “{ $text }” is not a fraction.
engine-empty-interval = A billing interval must be at least one day, week, month or year.
engine-no-such-day = A billing day must lie between 1 and 31, not { $day }.
engine-day-needs-months = A billing day of the month needs an interval of months or years.
engine-out-of-range = The date lies outside the calendar.
engine-empty-period = The period has no length to take a share of.
engine-outside = The instant { $at } does not lie in the period from { $start } to { $end }.
engine-usage-overflow = The usage of this period is too large to count.
engine-usage-negative = Usage cannot be negative on a meter that does not sum.
engine-no-quantity = A usage event of this meter must have a quantity.
engine-no-value = A usage event of this meter must have a value.
engine-no-tiers = The price “{ $price }” needs at least one tier.
engine-tiers-do-not-rise = The tiers of the price “{ $price }” must rise, each ending above the one before.
engine-last-tier-not-open = The last tier of the price “{ $price }” must be open, and only the last.
engine-empty-package = The packages of the price “{ $price }” must hold more than nothing.
engine-negative-price = The price “{ $price }” must not have negative amounts.
engine-price-too-large = The price “{ $price }” has an amount that is too large or too fine: at most 15 digits before the point and 12 after.
engine-minimum-above-maximum = The minimum of the price “{ $price }” is above its maximum.
engine-negative-quantity = A quantity must not be negative.
engine-not-in-currency = The price “{ $price }” is not offered in { $currency }.
engine-no-exchange-rate = The price “{ $price }” cannot be converted: there is no exchange rate from { $from } to { $to } on or before { $on }.
engine-exchange-rate-not-positive = The exchange rate from { $from } to { $to } must be above zero.
engine-exchange-rate-too-large = The exchange rate from { $from } to { $to } is too large or too fine: at most 15 digits before the point and 12 after.
engine-add-on-twice = The add-on “{ $add_on }” is named twice.
engine-price-twice = The product “{ $product }” has two prices named “{ $price }”.
engine-usage-missing = The usage of the price “{ $price }” of “{ $product }” was not given.
engine-not-started = The subscription has not started yet.
engine-already-started = The subscription has started already.
engine-no-trial = The subscription is not in a trial.
engine-trial-cannot-pause = A trial cannot be paused, since nothing is charged for it yet.
engine-already-paused = The subscription is paused already.
engine-paused-first-resume = The subscription is paused; resume it first.
engine-not-paused = The subscription is not paused.
engine-ended = The subscription has ended.
engine-not-ended = The subscription has not ended.
engine-nothing-overdue = No payment of the subscription is overdue.
engine-nothing-charged = Nothing has been charged for the subscription yet.
engine-coupon-percent = The coupon “{ $coupon }” must take off more than 0 and at most 100 percent.
engine-coupon-amount = The coupon “{ $coupon }” must take off an amount above zero.
engine-coupon-no-months = The coupon “{ $coupon }” must last at least one month.
engine-coupon-currency = The coupon “{ $coupon }” is worth { $worth } and cannot be used on a document in { $currency }.
engine-tax-negative = The tax rate “{ $rate }” must not be negative.
engine-tax-ends-before-it-begins = The tax rate “{ $rate }” ends before it begins.
tax-rate-key = A tax rate needs a key of at most { $most } letters: yours, by which a later percent of it is told to be the same rate.
tax-rate-name = A tax rate needs a name of at most { $most } letters: it stands on invoices, as “VAT” does.
tax-rate-of-another-place = The tax rate “{ $key }” is of another place already.
tax-rate-of-other-products = The tax rate “{ $key }” is of other plans or add-ons already.
tax-rate-overlaps = The tax rate “{ $key }” has a percent from that day already.
exchange-rate-of-itself = A currency has no exchange rate into itself.
engine-tax-withheld = A customer withholds more than 0 and less than 100 percent, not { $percent }.
engine-credit-not-positive = A credit note must be of an amount above zero.
engine-credit-more-than-left = The credit note is of { $asked } in minor units, which is more than the { $left } that are left.
engine-credit-no-such-line = The invoice has no line “{ $line }”.
engine-credit-nothing-left = Nothing is left of the line “{ $line }” to credit.

# What an unpaid invoice leads to, on pages and in messages
dunning-next-try = It is tried again on { $day }.
dunning-no-method = Nothing can be charged until there is a payment method on file that can be.
dunning-refused-for-good = It is not charged again as it is: add another, or have your bank put it right.
dunning-must-confirm = It is not tried again by itself, because your bank wants you to confirm it: pay it yourself.
dunning-not-again = It is not tried again by itself.
dunning-ends-without-access = Unpaid on { $day }, { $plan } stops giving access until it is paid.
dunning-ended-without-access = { $plan } gives no access since { $day }, and does again as soon as everything overdue is paid.
dunning-ends-downgrade = Unpaid on { $day }, { $plan } becomes { $to }.
dunning-ended-downgrade = You are on { $to } since { $day }.
dunning-ends-pause = Unpaid on { $day }, { $plan } is paused until it is paid.
dunning-ended-pause = { $plan } is paused since { $day }, and goes on as soon as this is paid.
dunning-ends-cancel = Unpaid on { $day }, { $plan } is cancelled.
dunning-ended-cancel = { $plan } was cancelled on { $day }.

# What is wrong with a dunning policy
dunning-soft-days = Give at most 15 days, each later than the one before, from 1 to 90.
dunning-paydays = Give at most 12 paydays; a day of the month is from 1 to 31.
dunning-outage-hours = Give at most 10 numbers of hours, each from 1 to 168.
dunning-hour = Give a full hour from 0 to 23.
dunning-most-tries = Give 15 tries at most, for card networks fine who asks more often.
dunning-grace-days = Give 90 days of grace at most.
dunning-warning-days = Give no more days than the grace has.
dunning-at-end = Name the plan to downgrade to by its key.
dunning-certificate-days = Give 180 days for the certificate at most.
renewal-days = Give at most { $most } days.
dunning-owed-at-end = What is owed is written off only where the subscription doesn’t wait for it: choose downgrade, pause or cancel at the end.
dunning-no-such-plan = There is no plan “{ $plan }” to downgrade to.

# Why the demo's story could not be told
demo-not-empty = the demo fills an empty database, and this one has a vendor already: { $vendor }. Nothing was changed; fill another one, named by --data or DATABASE_URL
demo-invitation = The invitation could not be accepted: { $why }
demo-no-sandbox = The demo’s vendor is a sandbox, whose cards are its own.
demo-card = The card was not added: { $why }
demo-change = The change of seats was not made: { $why }
demo-purchase = The demo’s purchase did not happen: { $why }.
demo-usage = Usage was not counted: { $why }
