// cdk-nag's NIST 800-53 R5 pack over CloudFormation templates:  node nag.js DIRECTORY TEMPLATE...
//
// Prints {"bare": [...], "left": [...]}: what the pack finds, and what is left of it when the exceptions in the
// resources' metadata (cdk_nag.rules_to_suppress) are acknowledged. Packages are found through NODE_PATH.
"use strict";

const fs = require("fs");
const path = require("path");
const { App, Stack, Validations } = require("aws-cdk-lib");
const { CfnInclude } = require("aws-cdk-lib/cloudformation-include");
const { NIST80053R5Checks } = require("cdk-nag");

const [directory, ...templates] = process.argv.slice(2);
const report = { bare: [], left: [] };

for (const template of templates) {
  const templateFile = path.join(directory, template);
  const app = new App({ analyticsReporting: false });
  const included = new CfnInclude(new Stack(app, "Stack"), "Template", { templateFile });
  report.bare.push(...findings(app, template));
  for (const [name, resource] of Object.entries(JSON.parse(fs.readFileSync(templateFile, "utf8")).Resources)) {
    for (const { id, reason } of resource.Metadata?.cdk_nag?.rules_to_suppress ?? []) {
      Validations.of(included.getResource(name)).acknowledge({ id, reason });
    }
  }
  report.left.push(...findings(app, template));
}
process.stdout.write(JSON.stringify(report));

function findings(app, template) {
  return new NIST80053R5Checks(app).validateScope(app).violations.flatMap((violation) =>
    violation.violatingResources.map((resource) => ({
      template,
      resource: resource.constructPath.split("/").pop(),
      rule: violation.ruleName,
      text: violation.description.split(" - (Control IDs")[0],
    })),
  );
}
