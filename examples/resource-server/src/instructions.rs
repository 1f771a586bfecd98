//! What the program prints.

use crate::Provider;

/// Lines to paste into a shell. The numbers at their ends are the statuses to expect. Verifier and challenge are those of RFC 7636 appendix B.
const LINES: &str = r#"
Open {url}/scalar and click "Authorize". {hint}

A user of `partner`, as a browser does it:

  CODE=$(curl -sS -G {authorize} -d client_id=docs -d user=ada -d code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM -d code_challenge_method=S256 --data-urlencode redirect_uri={url}/scalar -o /dev/null -w '%{redirect_url}' | sed -E 's/.*code=([^&]*).*/\1/')
  ADA=$(curl -sS {token} -d grant_type=authorization_code -d client_id=docs -d code=$CODE -d code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk --data-urlencode redirect_uri={url}/scalar | sed -E 's/.*"access_token":"([^"]*)".*/\1/')
  curl {url}/me -H "Authorization: Bearer $ADA"              # 200
  curl {url}/partners -H "Authorization: Bearer $ADA"        # 200
  curl {url}/report -H "Authorization: Bearer $ADA"          # 403: `acme` alone makes administrators
  curl {url}/sync -X POST -H "Authorization: Bearer $ADA"    # 403: no machine

A machine of `acme`:

  ROBOT=$(curl -sS {robot_token} -u robot:{secret} -d grant_type=client_credentials -d scope=sync | sed -E 's/.*"access_token":"([^"]*)".*/\1/')
  curl {url}/sync -X POST -H "Authorization: Bearer $ROBOT"  # 200
  curl {url}/me -H "Authorization: Bearer $ROBOT"            # 403: no user
  curl {url}/me                                              # 401
"#;

const MOCKED: &str = "Both providers are mocks: click a user.\nFor a real one: (cd examples/resource-server/provider && npm ci), and start again.";
const REAL: &str = "`acme` is oidc-provider, in Node: sign in as ada (administrator)\nor with any other name, and any password. `partner` is a mock.";

#[expect(clippy::print_stdout, reason = "this is how the program tells its user what to type")]
pub(crate) fn print(url: &str, [acme, partner]: [&Provider; 2], secret: &str, is_real: bool) {
    let lines = LINES
        .replace("{hint}", if is_real { REAL } else { MOCKED })
        .replace("{authorize}", &partner.authorization_url)
        .replace("{token}", &partner.token_url)
        .replace("{robot_token}", &acme.token_url)
        .replace("{secret}", secret)
        .replace("{url}", url);
    println!("{lines}\nlistening on {url}");
}
