// Is a file a valid OpenAPI document? node validate.mjs FILE
import { Validator } from "@seriousme/openapi-schema-validator";

const validator = new Validator();
const outcome = await validator.validate(process.argv[2]);
if (!outcome.valid) {
  console.log(JSON.stringify(outcome.errors, null, 1).slice(0, 4000));
  process.exit(1);
}
validator.resolveRefs();
console.log(`OpenAPI ${validator.version}`);
