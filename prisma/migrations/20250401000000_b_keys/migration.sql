CREATE TYPE "KeyScope" AS ENUM ('ADMIN', 'BOT', 'MEMBER');

-- Keys that were given out; of the secret only its SHA-256. After a rotation the secret before it works until previous_expires_at.
CREATE TABLE "keys" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "scope" "KeyScope" NOT NULL,
    "platform" TEXT,
    "member_id" UUID,
    "digest" TEXT NOT NULL,
    "previous_digest" TEXT,
    "previous_expires_at" TIMESTAMPTZ(3),
    "prefix" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "keys_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "keys_digest_key" ON "keys"("digest");

CREATE UNIQUE INDEX "keys_previous_digest_key" ON "keys"("previous_digest");

CREATE INDEX "keys_member_id_idx" ON "keys"("member_id");

ALTER TABLE "keys" ADD CONSTRAINT "keys_member_id_fkey" FOREIGN KEY ("member_id") REFERENCES "members"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Random bytes that this installation signs with; every gateway on this database uses the same.
CREATE TABLE "secrets" (
    "purpose" TEXT NOT NULL,
    "bytes" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "secrets_pkey" PRIMARY KEY ("purpose")
);
