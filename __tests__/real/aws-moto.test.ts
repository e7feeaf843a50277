import { EC2Client } from "@aws-sdk/client-ec2";
import { Moto } from "../support/moto";
import { MOTO_FAULTS } from "../support/moto-faults";

describe("moto", () => {
  let moto: Moto;
  let ec2: EC2Client;

  beforeAll(async () => {
    moto = await Moto.start();
    ec2 = new EC2Client({ region: "us-east-1", ...moto.client });
  }, 600_000);
  afterAll(async () => {
    await moto.stop();
  });
  beforeEach(async () => {
    await moto.reset();
  });

  it.each(MOTO_FAULTS)(
    "still $what",
    async ({ shows }) => {
      expect(await shows(ec2)).toBe(true);
    },
    60_000,
  );
});
