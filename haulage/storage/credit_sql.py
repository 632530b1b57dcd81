"""The statements of `credit_ledger.py` and `credit_store.py`.

Those that move credits run while the rows of their accounts are locked by an earlier statement of
the same transaction: each sees what was committed before the lock was had, and two of them never
reckon with the same credits.
"""

import sqlalchemy as sa

from haulage.storage.job_sql import TERMINAL_STATES

_ENTRY = "INSERT INTO credit_entries (tenant, kind, source, target, amount, at, job_id, run)"
_GRANT_ENTRY = "INSERT INTO credit_entries (tenant, kind, source, target, amount, at, grant_id)"
_LIVE = "remaining > 0 AND (expires_at IS NULL OR expires_at > :now)"

LOCK_ACCOUNTS = sa.text("""
SELECT tenant FROM credit_accounts WHERE tenant = ANY(CAST(:tenants AS text[]))
ORDER BY tenant FOR UPDATE
""")

LOCK_ACCOUNTS_OF_JOBS = sa.text("""
SELECT tenant FROM credit_accounts
WHERE tenant IN (SELECT tenant FROM jobs WHERE id = ANY(CAST(:ids AS uuid[])))
ORDER BY tenant FOR UPDATE
""")

# What is to be reserved and has not been, by an insert that comes again after a lost answer.
_WANTED = """
wanted AS (
    SELECT item.*, sum(amount) OVER (PARTITION BY item.tenant ORDER BY id) AS upto
    FROM unnest(CAST(:ids AS uuid[]), CAST(:runs AS int[]), CAST(:tenants AS text[]),
                CAST(:amounts AS bigint[])) AS item (id, run, tenant, amount)
    WHERE EXISTS (SELECT 1 FROM credit_accounts WHERE credit_accounts.tenant = item.tenant)
      AND NOT EXISTS (SELECT 1 FROM credit_entries AS entry
                      WHERE entry.job_id = item.id AND entry.run = item.run
                        AND entry.kind = 'reserve')
)"""

NEEDED = sa.text(f"""
WITH {_WANTED}
SELECT tenant, CAST(sum(amount) AS bigint) AS needed, CAST(coalesce((
    SELECT sum(remaining) FROM credit_grants
    WHERE credit_grants.tenant = wanted.tenant AND {_LIVE}), 0) AS bigint) AS available
FROM wanted GROUP BY tenant ORDER BY tenant
""")  # noqa: S608 - all of it is ours

# Prices laid end to end, and beside them what is left of the grants, the first to expire first: a
# job takes from a grant what the two have in common.
RESERVE = sa.text(f"""
WITH {_WANTED}, lot AS (
    SELECT id, tenant, remaining,
           sum(remaining) OVER (PARTITION BY tenant ORDER BY expires_at NULLS LAST, id) AS upto
    FROM credit_grants WHERE tenant = ANY(CAST(:tenants AS text[])) AND {_LIVE}
), draw AS (
    SELECT wanted.id, wanted.run, lot.id AS grant_id,
           least(wanted.upto, lot.upto)
           - greatest(wanted.upto - wanted.amount, lot.upto - lot.remaining) AS amount
    FROM wanted JOIN lot ON lot.tenant = wanted.tenant
     AND lot.upto > wanted.upto - wanted.amount AND lot.upto - lot.remaining < wanted.upto
), drawn AS (
    INSERT INTO credit_draws (job_id, run, grant_id, amount) SELECT id, run, grant_id, amount
    FROM draw
), taken AS (
    UPDATE credit_grants SET remaining = remaining - sums.amount
    FROM (SELECT grant_id, sum(amount) AS amount FROM draw GROUP BY grant_id) AS sums
    WHERE credit_grants.id = sums.grant_id
), entered AS (
    {_ENTRY}
    SELECT tenant, 'reserve', 'available', 'reserved', amount, :now, id, run FROM wanted ORDER BY id
), kept AS (
    UPDATE credit_accounts SET reserved = reserved + sums.amount
    FROM (SELECT tenant, sum(amount) AS amount FROM wanted GROUP BY tenant) AS sums
    WHERE credit_accounts.tenant = sums.tenant
)
UPDATE jobs SET price_credits = wanted.amount FROM wanted
WHERE jobs.id = wanted.id AND price_credits IS NULL
""")  # noqa: S608 - all of it is ours

# What a run did not come to goes back to where it came from, to the last grant to expire first: it
# was taken from the first one first.
SETTLE = sa.text(f"""
WITH ended AS (
    SELECT jobs.id, jobs.tenant, jobs.run, held.amount AS reserved,
           least(held.amount, coalesce(
               item.charge, ceil(CAST(held.amount AS numeric) * item.part / item.whole),
               CASE WHEN jobs.state = 'succeeded' THEN held.amount ELSE 0 END
           ))::bigint AS charge
    FROM unnest(CAST(:ids AS uuid[]), CAST(:charges AS bigint[]), CAST(:parts AS bigint[]),
                CAST(:wholes AS bigint[])) AS item (id, charge, part, whole)
    JOIN jobs ON jobs.id = item.id AND jobs.state IN ({TERMINAL_STATES})
    JOIN credit_entries AS held
      ON held.job_id = jobs.id AND held.run = jobs.run AND held.kind = 'reserve'
), entered AS (
    {_ENTRY}
    SELECT tenant, 'charge', 'reserved', 'spent', charge, CAST(:now AS timestamptz), id, run
    FROM ended WHERE charge > 0
    UNION ALL
    SELECT tenant, 'refund', 'reserved', 'available', reserved - charge, :now, id, run
    FROM ended WHERE charge < reserved
), drawn AS (
    DELETE FROM credit_draws USING ended
    WHERE credit_draws.job_id = ended.id AND credit_draws.run = ended.run
    RETURNING job_id, grant_id, credit_draws.amount, ended.reserved - ended.charge AS refund
), ranked AS (
    SELECT drawn.*, sum(drawn.amount) OVER (
        PARTITION BY job_id ORDER BY expires_at DESC NULLS FIRST, grant_id DESC) AS upto
    FROM drawn JOIN credit_grants ON credit_grants.id = drawn.grant_id
), restored AS (
    UPDATE credit_grants SET remaining = remaining + back.amount
    FROM (SELECT grant_id, sum(least(upto, refund) - (upto - amount)) AS amount
          FROM ranked WHERE upto - amount < refund GROUP BY grant_id) AS back
    WHERE credit_grants.id = back.grant_id
), kept AS (
    UPDATE credit_accounts
    SET reserved = credit_accounts.reserved - sums.reserved, spent = spent + sums.charge
    FROM (SELECT tenant, sum(reserved) AS reserved, sum(charge) AS charge FROM ended
          GROUP BY tenant) AS sums
    WHERE credit_accounts.tenant = sums.tenant
)
UPDATE jobs SET cost_credits = coalesce(cost_credits, 0) + ended.charge FROM ended
WHERE jobs.id = ended.id
""")  # noqa: S608 - all of it is ours

OPEN = sa.text("""
INSERT INTO credit_accounts (tenant, opened_at) VALUES (:tenant, :now) ON CONFLICT DO NOTHING
""")

GRANT = sa.text(f"""
WITH added AS (
    INSERT INTO credit_grants (id, tenant, amount, remaining, granted_at, granted_by, expires_at,
                               note, reference)
    VALUES (:id, :tenant, :amount, :amount, :now, :by, :expires_at, :note, :reference)
    ON CONFLICT DO NOTHING
    RETURNING id, tenant, amount
), entered AS (
    {_GRANT_ENTRY}
    SELECT tenant, 'grant', 'issued', 'available', amount, :now, id FROM added
)
SELECT id FROM added
""")  # noqa: S608 - all of it is ours

WITH_DUE_GRANTS = sa.text("""
SELECT DISTINCT tenant FROM (
    SELECT tenant FROM credit_grants WHERE remaining > 0 AND expires_at <= :now
    ORDER BY expires_at LIMIT :limit) AS due
""")

EXPIRE = sa.text(f"""
WITH due AS (
    SELECT id, tenant, remaining FROM credit_grants
    WHERE tenant = ANY(CAST(:tenants AS text[])) AND remaining > 0 AND expires_at <= :now
), entered AS (
    {_GRANT_ENTRY}
    SELECT tenant, 'expire', 'available', 'expired', remaining, :now, id FROM due
), emptied AS (
    UPDATE credit_grants SET remaining = 0 FROM due WHERE credit_grants.id = due.id RETURNING 1
)
SELECT count(*) FROM emptied
""")  # noqa: S608 - all of it is ours

BALANCE = sa.text(f"""
SELECT tenant, opened_at, reserved, spent,
       CAST(coalesce(lots.available, 0) AS bigint) AS available,
       lots.next_expiry_at
FROM credit_accounts CROSS JOIN LATERAL (
    SELECT sum(remaining) AS available, min(expires_at) AS next_expiry_at FROM credit_grants
    WHERE credit_grants.tenant = credit_accounts.tenant AND {_LIVE}
) AS lots
WHERE tenant = :tenant
""")  # noqa: S608 - all of it is ours
