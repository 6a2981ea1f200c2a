-- CreateEnum
CREATE TYPE "LearnConsent" AS ENUM ('UNASKED', 'GRANTED', 'DENIED');

-- CreateEnum
CREATE TYPE "CandidateRole" AS ENUM ('PERSONAL', 'EXPLORE', 'BASE');

-- CreateEnum
CREATE TYPE "FinishReason" AS ENUM ('STOP', 'LENGTH', 'CANCELLED');

-- CreateEnum
CREATE TYPE "Verdict" AS ENUM ('CHOSEN', 'TIE', 'ALL_BAD', 'GOOD', 'BAD');

-- CreateEnum
CREATE TYPE "FeedbackState" AS ENUM ('ACTIVE', 'HELD', 'WITHDRAWN', 'ROLLED_BACK');

-- CreateEnum
CREATE TYPE "TrainingStatus" AS ENUM ('QUEUED', 'RUNNING', 'SUCCEEDED', 'REJECTED', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "EncoderCapacity" AS ENUM ('PRIOR', 'BIAS', 'HEAD', 'FULL');

-- CreateTable
CREATE TABLE "members" (
    "id" UUID NOT NULL,
    "platform" TEXT NOT NULL,
    "external_id" TEXT NOT NULL,
    "scope" TEXT NOT NULL DEFAULT '',
    "learn" "LearnConsent" NOT NULL DEFAULT 'UNASKED',
    "community" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "members_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "generations" (
    "id" UUID NOT NULL,
    "member_id" UUID NOT NULL,
    "prompt" TEXT NOT NULL,
    "encoder_version" INTEGER NOT NULL,
    "model" TEXT NOT NULL,
    "model_digest" TEXT NOT NULL,
    "source" JSONB,
    "prompt_features" BYTEA,
    "features_model" TEXT,
    "features_checkpoint" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "generations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "candidates" (
    "id" UUID NOT NULL,
    "generation_id" UUID NOT NULL,
    "index" INTEGER NOT NULL,
    "text" TEXT NOT NULL,
    "token_ids" INTEGER[],
    "finish_reason" "FinishReason" NOT NULL,
    "role" "CandidateRole" NOT NULL,
    "features" BYTEA,

    CONSTRAINT "candidates_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "feedback" (
    "id" UUID NOT NULL,
    "generation_id" UUID NOT NULL,
    "member_id" UUID NOT NULL,
    "verdict" "Verdict" NOT NULL,
    "chosen_candidate_id" UUID,
    "state" "FeedbackState" NOT NULL,
    "position" BIGSERIAL NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "feedback_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "encoder_versions" (
    "member_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "capacity" "EncoderCapacity" NOT NULL,
    "bytes" BYTEA NOT NULL,
    "digest" TEXT NOT NULL,
    "model_digest" TEXT NOT NULL,
    "checkpoint_digest" TEXT NOT NULL,
    "accepted" BOOLEAN NOT NULL,
    "reason" TEXT,
    "positions" BIGINT[],
    "pair_count" INTEGER NOT NULL,
    "loss" DOUBLE PRECISION,
    "accuracy" DOUBLE PRECISION,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "encoder_versions_pkey" PRIMARY KEY ("member_id","version")
);

-- CreateTable
CREATE TABLE "training_jobs" (
    "id" UUID NOT NULL,
    "member_id" UUID NOT NULL,
    "position" BIGSERIAL NOT NULL,
    "status" "TrainingStatus" NOT NULL,
    "step" INTEGER NOT NULL DEFAULT 0,
    "total_steps" INTEGER NOT NULL DEFAULT 0,
    "loss" DOUBLE PRECISION,
    "accuracy" DOUBLE PRECISION,
    "pair_count" INTEGER NOT NULL DEFAULT 0,
    "encoder_version" INTEGER,
    "duration_ms" INTEGER,
    "error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "training_jobs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_keys" (
    "operation" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "input_digest" TEXT NOT NULL,
    "member_id" UUID NOT NULL,
    "result" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("operation","key")
);

-- CreateIndex
CREATE UNIQUE INDEX "members_platform_scope_external_id_key" ON "members"("platform", "scope", "external_id");

-- CreateIndex
CREATE INDEX "generations_member_id_idx" ON "generations"("member_id");

-- CreateIndex
CREATE UNIQUE INDEX "candidates_generation_id_index_key" ON "candidates"("generation_id", "index");

-- CreateIndex
CREATE UNIQUE INDEX "feedback_position_key" ON "feedback"("position");

-- CreateIndex
CREATE INDEX "feedback_generation_id_idx" ON "feedback"("generation_id");

-- CreateIndex
CREATE UNIQUE INDEX "feedback_member_id_generation_id_key" ON "feedback"("member_id", "generation_id");

-- CreateIndex
CREATE UNIQUE INDEX "training_jobs_position_key" ON "training_jobs"("position");

-- CreateIndex
CREATE INDEX "training_jobs_member_id_position_idx" ON "training_jobs"("member_id", "position");

-- CreateIndex
CREATE INDEX "idempotency_keys_member_id_idx" ON "idempotency_keys"("member_id");

-- One training of a member waits, one runs: votes that arrive while one waits join it.
CREATE UNIQUE INDEX "training_jobs_queued_key" ON "training_jobs"("member_id") WHERE "status" = 'QUEUED';

CREATE UNIQUE INDEX "training_jobs_running_key" ON "training_jobs"("member_id") WHERE "status" = 'RUNNING';

-- AddForeignKey
ALTER TABLE "generations" ADD CONSTRAINT "generations_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "members"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "candidates" ADD CONSTRAINT "candidates_generation_id_fkey" FOREIGN KEY ("generation_id") REFERENCES "generations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "feedback" ADD CONSTRAINT "feedback_generation_id_fkey" FOREIGN KEY ("generation_id") REFERENCES "generations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "feedback" ADD CONSTRAINT "feedback_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "members"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "feedback" ADD CONSTRAINT "feedback_chosen_candidate_id_fkey" FOREIGN KEY ("chosen_candidate_id") REFERENCES "candidates"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "encoder_versions" ADD CONSTRAINT "encoder_versions_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "members"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "training_jobs" ADD CONSTRAINT "training_jobs_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "members"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "members"("id") ON DELETE CASCADE ON UPDATE CASCADE;
