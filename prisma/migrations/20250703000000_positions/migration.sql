-- Clocks step, of one machine and between machines. What came first is said by positions, what was done by a row about it.

-- Newest first. What is there keeps the order that its times gave it.
ALTER TABLE "generations" ADD COLUMN "position" BIGSERIAL NOT NULL;
UPDATE "generations" SET "position" = ordered."position"
    FROM (SELECT "id", row_number() OVER (ORDER BY "created_at", "id") AS "position" FROM "generations") ordered
    WHERE ordered."id" = "generations"."id";
CREATE UNIQUE INDEX "generations_position_key" ON "generations"("position");
CREATE INDEX "generations_member_id_position_idx" ON "generations"("member_id", "position");
DROP INDEX "generations_member_id_idx";

ALTER TABLE "keys" ADD COLUMN "position" BIGSERIAL NOT NULL;
UPDATE "keys" SET "position" = ordered."position"
    FROM (SELECT "id", row_number() OVER (ORDER BY "created_at", "id" DESC) AS "position" FROM "keys") ordered
    WHERE ordered."id" = "keys"."id";
CREATE UNIQUE INDEX "keys_position_key" ON "keys"("position");

-- The ledger as it was when a version was made: a rollback takes out what came behind it.
ALTER TABLE "encoder_versions" ADD COLUMN "ledger_position" BIGINT NOT NULL DEFAULT 0;
UPDATE "encoder_versions" v SET "ledger_position" = GREATEST(
    COALESCE((SELECT max(f."position") FROM "feedback" f WHERE f."member_id" = v."member_id" AND f."updated_at" <= v."created_at"), 0),
    COALESCE((SELECT max(p) FROM unnest(v."positions") p), 0));

-- What was removed and waits to be erased from the database's files as well, and what has been. A row is written with the removal.
CREATE TABLE "removals" (
    "id" BIGSERIAL NOT NULL,
    "removed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "erased_at" TIMESTAMPTZ(3),

    CONSTRAINT "removals_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "removals_waiting_idx" ON "removals"("id") WHERE "erased_at" IS NULL;

ALTER TABLE "deletion_receipts" ADD COLUMN "removal_id" BIGINT;
UPDATE "deletion_receipts" SET "removal_id" = nextval(pg_get_serial_sequence('removals', 'id'));
INSERT INTO "removals" ("id", "removed_at", "erased_at")
    SELECT "removal_id", "forgotten_at", (SELECT min(c."finished_at") FROM "clean_ups" c WHERE c."started_at" > "forgotten_at")
    FROM "deletion_receipts";
ALTER TABLE "deletion_receipts" ALTER COLUMN "removal_id" SET NOT NULL;
CREATE UNIQUE INDEX "deletion_receipts_removal_id_key" ON "deletion_receipts"("removal_id");
ALTER TABLE "deletion_receipts" ADD CONSTRAINT "deletion_receipts_removal_id_fkey"
    FOREIGN KEY ("removal_id") REFERENCES "removals"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Texts that expired wait among these; and what a clean-up missed because the clock had stepped is erased with the next one.
INSERT INTO "removals" ("removed_at") SELECT CURRENT_TIMESTAMP
    WHERE EXISTS (SELECT 1 FROM "deletion_receipts") OR EXISTS (SELECT 1 FROM "generations" WHERE "expired_at" IS NOT NULL);

DROP TABLE "clean_ups";

-- A job in work says so by counting; whoever watches compares the count with its own time, and no clock with another.
DROP INDEX "training_jobs_leased_idx";
ALTER TABLE "training_jobs"
    DROP COLUMN "lease_until",
    ADD COLUMN "beats" INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN "pause_ms" INTEGER;
