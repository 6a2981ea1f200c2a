-- Platforms whose members agree before their verdicts train.
CREATE TABLE "platforms" (
    "name" TEXT NOT NULL,
    "asks_consent" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "platforms_pkey" PRIMARY KEY ("name")
);

-- Tastes that members brought along. The one named by members.taste_digest is the prior of the member's encoder.
CREATE TABLE "imported_tastes" (
    "member_id" UUID NOT NULL,
    "digest" TEXT NOT NULL,
    "bytes" BYTEA NOT NULL,
    "pair_count" INTEGER NOT NULL,
    "model_digest" TEXT NOT NULL,
    "checkpoint_digest" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "imported_tastes_pkey" PRIMARY KEY ("member_id","digest")
);

ALTER TABLE "imported_tastes" ADD CONSTRAINT "imported_tastes_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "members"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "members" ADD COLUMN "taste_digest" TEXT;

-- Empty: made from the prior N(0, I).
ALTER TABLE "encoder_versions" ADD COLUMN "taste_digest" TEXT NOT NULL DEFAULT '';

-- What was removed for members who asked to be forgotten: numbers, and the id that nothing else has any more.
CREATE TABLE "deletion_receipts" (
    "id" UUID NOT NULL,
    "member_id" UUID NOT NULL,
    "platform" TEXT NOT NULL,
    "removed" JSONB NOT NULL,
    "retrained" INTEGER NOT NULL,
    "forgotten_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "deletion_receipts_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "deletion_receipts_member_id_key" ON "deletion_receipts"("member_id");

-- Each row: from then to then, what had been removed before was taken out of the database's files as well.
CREATE TABLE "clean_ups" (
    "id" BIGSERIAL NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "clean_ups_pkey" PRIMARY KEY ("id")
);

-- When prompt and replies were erased by the retention policy; their features stay.
ALTER TABLE "generations" ADD COLUMN "expired_at" TIMESTAMPTZ(3);

CREATE INDEX "generations_kept_text_idx" ON "generations"("created_at") WHERE "expired_at" IS NULL;

-- ANALYZE copies samples of a column into the planner's statistics, where no row's removal reaches them.
ALTER TABLE "members" ALTER COLUMN "external_id" SET STATISTICS 0;
ALTER TABLE "generations" ALTER COLUMN "prompt" SET STATISTICS 0;
ALTER TABLE "generations" ALTER COLUMN "source" SET STATISTICS 0;
ALTER TABLE "generations" ALTER COLUMN "prompt_features" SET STATISTICS 0;
ALTER TABLE "candidates" ALTER COLUMN "text" SET STATISTICS 0;
ALTER TABLE "candidates" ALTER COLUMN "token_ids" SET STATISTICS 0;
ALTER TABLE "candidates" ALTER COLUMN "features" SET STATISTICS 0;
ALTER TABLE "encoder_versions" ALTER COLUMN "bytes" SET STATISTICS 0;
ALTER TABLE "imported_tastes" ALTER COLUMN "bytes" SET STATISTICS 0;
ALTER TABLE "idempotency_keys" ALTER COLUMN "key" SET STATISTICS 0;
