create table invoice (
    id uuid primary key not null,
    -- The number that people read.
    number text not null unique,
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null,
    state text not null check (state in ('draft', 'open', 'paid', 'void', 'uncollectible')),
    -- Every change counts it up, and is made only where it still is what was read.
    version bigint not null,
    created_at_us bigint not null,
    updated_at_us bigint not null
);

create index invoice_by_state on invoice (state, id);

-- The next number of each series. Taken in the transaction that uses it, so there are no gaps.
create table invoice_series (
    series text primary key not null,
    next_number bigint not null
);

-- One attempt to charge an invoice.
create table payment (
    id uuid primary key not null,
    invoice_id uuid not null references invoice (id),
    -- Frozen when the attempt is made: what is sent never depends on the invoice.
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null,
    state text not null check (state in ('prepared', 'dispatched', 'succeeded', 'declined', 'unknown', 'cancelled', 'fenced')),
    reason text,
    -- How often it was sent.
    tries bigint not null,
    -- From when on any replica may take it up; null once it is final.
    due_at_us bigint,
    version bigint not null,
    created_at_us bigint not null,
    updated_at_us bigint not null,
    check ((state in ('prepared', 'dispatched', 'unknown')) = (due_at_us is not null))
);

-- The two rules that keep an invoice from being paid twice, whatever the program does.
create unique index payment_one_live on payment (invoice_id) where state in ('prepared', 'dispatched', 'unknown');
create unique index payment_one_succeeded on payment (invoice_id) where state = 'succeeded';

create index payment_due on payment (due_at_us) where state in ('prepared', 'dispatched', 'unknown');
create index payment_by_invoice on payment (invoice_id, id);
