-- What an admin set for a plugin: plain values as they are, secret ones sealed.
CREATE TABLE "plugins" (
    "name" TEXT NOT NULL,
    "enabled" BOOLEAN,
    "placement" TEXT,
    "values" JSONB NOT NULL DEFAULT '{}',
    "secrets" JSONB NOT NULL DEFAULT '{}',
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "plugins_pkey" PRIMARY KEY ("name")
);

-- Rows that bots keep. A row about a member goes when the member goes. Keys are compared byte by byte, whatever the database's locale.
CREATE TABLE "plugin_storage" (
    "owner" TEXT NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    "value" TEXT NOT NULL,
    "member_id" UUID,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "plugin_storage_pkey" PRIMARY KEY ("owner", "key")
);

CREATE INDEX "plugin_storage_member_id_idx" ON "plugin_storage"("member_id");

ALTER TABLE "plugin_storage" ADD CONSTRAINT "plugin_storage_member_id_fkey"
    FOREIGN KEY ("member_id") REFERENCES "members"("id") ON DELETE CASCADE ON UPDATE CASCADE;
