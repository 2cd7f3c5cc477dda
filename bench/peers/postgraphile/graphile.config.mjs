// The tables as they are, over the relations that their foreign keys tell of; only what measuring needs is set.
import { PgSimplifyInflectionPreset } from "@graphile/simplify-inflection";
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

export default {
  extends: [PostGraphileAmberPreset, PgSimplifyInflectionPreset],
  disablePlugins: ["MutationPlugin"],
  pgServices: [
    makePgService({
      connectionString: process.env.DATABASE_URL,
      schemas: ["public"],
      poolConfig: { max: 4, options: "-c jit=off" },
      pubsub: false,
    }),
  ],
  schema: { defaultBehavior: "-mutation" },
  grafast: { explain: false },
  grafserv: {
    host: "127.0.0.1",
    port: Number(process.env.PORT),
    graphiql: false,
    watch: false,
    websockets: false,
    maxRequestLength: 100_000,
  },
};
