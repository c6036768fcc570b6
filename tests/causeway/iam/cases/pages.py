"""The pages of AWS's documentation that the cases cite, by title."""

from __future__ import annotations

_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
_KMS = "https://docs.aws.amazon.com/kms/latest/developerguide/"
_S3 = "https://docs.aws.amazon.com/AmazonS3/latest/"
_RAM = "https://docs.aws.amazon.com/ram/latest/userguide/"
_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/"
_STS = "https://docs.aws.amazon.com/STS/latest/APIReference/"

LOGIC = "IAM User Guide: Policy evaluation logic"
SAME = "IAM User Guide: Policy evaluation for requests within a single account"
ENFORCEMENT = "IAM User Guide: How AWS enforcement code logic evaluates requests"
CROSS = "IAM User Guide: Cross-account policy evaluation logic"
EXPLICIT = "IAM User Guide: The difference between explicit and implicit denies"
BOUNDARIES = "IAM User Guide: Permissions boundaries for IAM entities"
SESSIONS = "IAM User Guide: Policies and permissions: Session policies"
PRINCIPAL = "IAM User Guide: IAM JSON policy elements: Principal"
NOT_PRINCIPAL = "IAM User Guide: IAM JSON policy elements: NotPrincipal"
ACTION = "IAM User Guide: IAM JSON policy elements: Action"
NOT_ACTION = "IAM User Guide: IAM JSON policy elements: NotAction"
RESOURCE = "IAM User Guide: IAM JSON policy elements: Resource"
NOT_RESOURCE = "IAM User Guide: IAM JSON policy elements: NotResource"
EFFECT = "IAM User Guide: IAM JSON policy elements: Effect"
OPERATORS = "IAM User Guide: IAM JSON policy elements: Condition operators"
CONDITION = "IAM User Guide: IAM JSON policy elements: Condition"
LOGIC_OF_CONDITIONS = "IAM User Guide: Conditions with multiple context keys or values"
SETS = "IAM User Guide: Set operators for multivalued context keys"
VARIABLES = "IAM User Guide: IAM policy elements: Variables and tags"
VERSION_PAGE = "IAM User Guide: IAM JSON policy elements: Version"
GLOBAL_KEYS = "IAM User Guide: AWS global condition context keys"
ROLES = "IAM User Guide: How IAM roles differ from resource-based policies"
TRUST = "IAM User Guide: IAM roles: Terms and concepts: Trust policy"
SWITCH = "IAM User Guide: Grant a user permissions to switch roles"
EXTERNAL_ID = "IAM User Guide: Access to AWS accounts owned by third parties (external ID)"
SOURCE_IDENTITY = "IAM User Guide: Monitor and control actions taken with assumed roles"
SESSION_TAGS = "IAM User Guide: Pass session tags in AWS STS"
DEPUTY = "IAM User Guide: The confused deputy problem"
PASS_ROLE = "IAM User Guide: Grant a user permissions to pass a role to an AWS service"
FEDERATION = "IAM User Guide: Create a role for a third-party identity provider"
ROOT_USER = "IAM User Guide: AWS account root user"
KEY_POLICIES = "AWS KMS: Key policies"
KEY_ALIASES = "AWS KMS: Controlling access to aliases"
KEY_DEFAULT = "AWS KMS: Default key policy"
KEY_CROSS = "AWS KMS: Allowing users in other accounts to use a KMS key"
KEY_CONDITIONS = "AWS KMS: Condition keys"
BUCKET_POLICIES = "Amazon S3: Examples of bucket policies"
BUCKET_CROSS = "Amazon S3: Bucket owner granting cross-account bucket permissions"
BUCKET_LOCK_OUT = "Amazon S3 API Reference: PutBucketPolicy"
BUCKET_KEYS = "Amazon S3: Bucket policy examples using condition keys"
FUNCTIONS = "AWS Lambda: Resource-based policies in Lambda"
FUNCTION_CROSS = "AWS Lambda: Granting Lambda function access to other accounts"
FUNCTION_ORGANISATION = "AWS Lambda: Granting Lambda function access to an organization"
FUNCTION_SERVICES = "AWS Lambda: Granting Lambda function access to AWS services"
FUNCTION_NAMES = "AWS Lambda: Fine-tuning the Resources and Conditions sections of policies"
RAM_ACCESS = "AWS RAM: Terms and concepts"
RAM_PERMISSIONS = "AWS RAM: Managing permissions in AWS RAM"
SCPS = "AWS Organizations: SCP evaluation"
CALLER_IDENTITY = "AWS STS API Reference: GetCallerIdentity"
QUEUES = "Amazon SQS: Basic examples of Amazon SQS policies"
EVENT_TARGETS = "Amazon EventBridge: Using resource-based policies"
FEATURE_GROUPS = "Amazon SageMaker AI: Cross-account feature group access"
REGISTRY_KEYS = "Service Authorization Reference: Amazon SageMaker"

PAGES = {
    LOGIC: f"{_IAM}reference_policies_evaluation-logic.html",
    SAME: f"{_IAM}reference_policies_evaluation-logic_policy-eval-basics.html",
    ENFORCEMENT: f"{_IAM}reference_policies_evaluation-logic_policy-eval-denyallow.html",
    CROSS: f"{_IAM}reference_policies_evaluation-logic-cross-account.html",
    EXPLICIT: f"{_IAM}reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html",
    BOUNDARIES: f"{_IAM}access_policies_boundaries.html",
    SESSIONS: f"{_IAM}access_policies.html#policies_session",
    PRINCIPAL: f"{_IAM}reference_policies_elements_principal.html",
    NOT_PRINCIPAL: f"{_IAM}reference_policies_elements_notprincipal.html",
    ACTION: f"{_IAM}reference_policies_elements_action.html",
    NOT_ACTION: f"{_IAM}reference_policies_elements_notaction.html",
    RESOURCE: f"{_IAM}reference_policies_elements_resource.html",
    NOT_RESOURCE: f"{_IAM}reference_policies_elements_notresource.html",
    EFFECT: f"{_IAM}reference_policies_elements_effect.html",
    OPERATORS: f"{_IAM}reference_policies_elements_condition_operators.html",
    CONDITION: f"{_IAM}reference_policies_elements_condition.html",
    LOGIC_OF_CONDITIONS: f"{_IAM}reference_policies_condition-logic-multiple-context-keys-or-"
    "values.html",
    SETS: f"{_IAM}reference_policies_condition-single-vs-multi-valued-context-keys.html",
    VARIABLES: f"{_IAM}reference_policies_variables.html",
    VERSION_PAGE: f"{_IAM}reference_policies_elements_version.html",
    GLOBAL_KEYS: f"{_IAM}reference_policies_condition-keys.html",
    ROLES: f"{_IAM}id_roles_compare-resource-policies.html",
    TRUST: f"{_IAM}id_roles.html#id_roles_terms-and-concepts",
    SWITCH: f"{_IAM}id_roles_use_permissions-to-switch.html",
    EXTERNAL_ID: f"{_IAM}id_roles_common-scenarios_third-party.html",
    SOURCE_IDENTITY: f"{_IAM}id_credentials_temp_control-access_monitor.html",
    SESSION_TAGS: f"{_IAM}id_session-tags.html",
    DEPUTY: f"{_IAM}confused-deputy.html",
    PASS_ROLE: f"{_IAM}id_roles_use_passrole.html",
    FEDERATION: f"{_IAM}id_roles_create_for-idp.html",
    ROOT_USER: f"{_IAM}id_root-user.html",
    KEY_POLICIES: f"{_KMS}key-policies.html",
    KEY_ALIASES: f"{_KMS}alias-access.html",
    KEY_DEFAULT: f"{_KMS}key-policy-default.html",
    KEY_CROSS: f"{_KMS}key-policy-modifying-external-accounts.html",
    KEY_CONDITIONS: f"{_KMS}policy-conditions.html",
    BUCKET_POLICIES: f"{_S3}userguide/example-bucket-policies.html",
    BUCKET_CROSS: f"{_S3}userguide/example-walkthroughs-managing-access-example2.html",
    BUCKET_LOCK_OUT: f"{_S3}API/API_PutBucketPolicy.html",
    BUCKET_KEYS: f"{_S3}userguide/amazon-s3-policy-keys.html",
    FUNCTIONS: f"{_LAMBDA}access-control-resource-based.html",
    FUNCTION_CROSS: f"{_LAMBDA}permissions-function-cross-account.html",
    FUNCTION_ORGANISATION: f"{_LAMBDA}permissions-function-organization.html",
    FUNCTION_SERVICES: f"{_LAMBDA}permissions-function-services.html",
    FUNCTION_NAMES: f"{_LAMBDA}lambda-api-permissions-ref.html",
    RAM_ACCESS: f"{_RAM}getting-started-terms-and-concepts.html",
    RAM_PERMISSIONS: f"{_RAM}security-ram-permissions.html",
    SCPS: "https://docs.aws.amazon.com/organizations/latest/userguide/"
    "orgs_manage_policies_scps_evaluation.html",
    CALLER_IDENTITY: f"{_STS}API_GetCallerIdentity.html",
    QUEUES: "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/"
    "sqs-basic-examples-of-sqs-policies.html",
    EVENT_TARGETS: "https://docs.aws.amazon.com/eventbridge/latest/userguide/"
    "eb-use-resource-based.html",
    FEATURE_GROUPS: "https://docs.aws.amazon.com/sagemaker/latest/dg/"
    "feature-store-cross-account-access.html",
    REGISTRY_KEYS: "https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "list_amazonsagemaker.html",
}
