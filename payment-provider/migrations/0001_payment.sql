-- One row for each id, for ever: the primary key is what keeps an id from being charged twice.
create table payment (
    id text primary key not null,
    -- Which door the id came through: ids of the drop-in route live apart, and are not listed.
    source text not null check (source in ('v1', 'drop-in')),
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null,
    status text not null check (status in ('succeeded', 'declined')),
    reason text,
    created_at_us bigint not null
);

create index payment_by_source on payment (source, id);
