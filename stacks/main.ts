import { App, TerraformStack } from "cdktf";
import { LocalCloud } from "cdktf-openhpc/local";
import { awsDemo } from "./aws-demo";
import { awsExistingNetwork } from "./aws-existing-network";
import { awsGpu } from "./aws-gpu";
import { cluster } from "./cluster";
import { lab } from "./lab";

const app = new App();
cluster(new TerraformStack(app, "demo"), new LocalCloud());
lab(new TerraformStack(app, "lab"));
awsDemo(new TerraformStack(app, "aws-demo"));
awsGpu(new TerraformStack(app, "aws-gpu"));
awsExistingNetwork(new TerraformStack(app, "aws-existing-network"));
app.synth();
