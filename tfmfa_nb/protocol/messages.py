"""All messages between the kernel and the card, the forms, the status bar, the editor, and a runner.

Messages are frozen dataclasses, so that handlers can match on them; `codec` and `typescript` read their fields as the
format. Messages of the front end are called requests. Codes and secret access keys travel sealed. A page that cannot
seal sends them in messages of other types; they are not fields of these, because a repr would show them. They accompany
them in the raw fields `SECRET_FIELDS`, and are moved into a `Secret` before the message is parsed.

Any message can be lost, so the kernel sends whole states, and front ends ask again.

The sender sanitizes and shortens the texts of the kernel's messages (`views.sanitize`).

The messages are defined in one module for each concern, because defining a class takes a millisecond and no kernel
needs all of them.
"""

from tfmfa_nb.protocol.card_messages import (
    Authenticate,
    Cancel,
    CardMessage,
    CardRequest,
    CardState,
    Confirm,
    Discard,
    ErrorDocument,
    Hop,
    Identity,
    Kill,
    Progress,
    Question,
    ResourceInProgress,
    RoleChain,
    UnsealedCode,
    card_request,
)
from tfmfa_nb.protocol.editor import (
    AboutCell,
    AboutPosition,
    CompletionAnswer,
    CompletionItem,
    Diagnostic,
    EditorAnswer,
    EditorQuestion,
    ErrorAnswer,
    FormatAnswer,
    HoverAnswer,
    LevelAnswer,
    ValidateAnswer,
)
from tfmfa_nb.protocol.forms import (
    FormAction,
    FormContent,
    FormRequest,
    FormResult,
    FormState,
    LevelChoice,
    MfaDevice,
    SettingsContent,
    UnsealedAction,
    VariableOrigin,
    VariablesContent,
    form_request,
)
from tfmfa_nb.protocol.hello import (
    PROTOCOL,
    SECRET_FIELDS,
    Hello,
)
from tfmfa_nb.protocol.log_messages import FindRequest, Found, Lines, LinesRequest, LogRequest, Text, TextRequest
from tfmfa_nb.protocol.run_display import (
    DISPLAY_KEY,
    Counts,
    DisplayedChange,
    DisplayedIdentity,
    DisplayedProgress,
    DisplayedRun,
    RunDisplay,
    run_display,
)
from tfmfa_nb.protocol.runner import (
    NoAnswer,
    Runner,
    RunnerQuestion,
)
from tfmfa_nb.protocol.sealing import SealingKey
from tfmfa_nb.protocol.status import (
    COMM_TARGET,
    Answer,
    Ask,
    CancelRun,
    KernelStatus,
    RunStatus,
    StatusMessage,
    StatusRequest,
    UnknownQuestion,
    status_request,
)

__all__ = [
    "COMM_TARGET",
    "DISPLAY_KEY",
    "PROTOCOL",
    "SECRET_FIELDS",
    "AboutCell",
    "AboutPosition",
    "Answer",
    "Ask",
    "Authenticate",
    "Cancel",
    "CancelRun",
    "CardMessage",
    "CardRequest",
    "CardState",
    "CompletionAnswer",
    "CompletionItem",
    "Confirm",
    "Counts",
    "Diagnostic",
    "Discard",
    "DisplayedChange",
    "DisplayedIdentity",
    "DisplayedProgress",
    "DisplayedRun",
    "EditorAnswer",
    "EditorQuestion",
    "ErrorAnswer",
    "ErrorDocument",
    "FindRequest",
    "FormAction",
    "FormContent",
    "FormRequest",
    "FormResult",
    "FormState",
    "FormatAnswer",
    "Found",
    "Hello",
    "Hop",
    "HoverAnswer",
    "Identity",
    "KernelStatus",
    "Kill",
    "LevelAnswer",
    "LevelChoice",
    "Lines",
    "LinesRequest",
    "LogRequest",
    "MfaDevice",
    "NoAnswer",
    "Progress",
    "Question",
    "ResourceInProgress",
    "RoleChain",
    "RunDisplay",
    "RunStatus",
    "Runner",
    "RunnerQuestion",
    "SealingKey",
    "SettingsContent",
    "StatusMessage",
    "StatusRequest",
    "Text",
    "TextRequest",
    "UnknownQuestion",
    "UnsealedAction",
    "UnsealedCode",
    "ValidateAnswer",
    "VariableOrigin",
    "VariablesContent",
    "card_request",
    "form_request",
    "run_display",
    "status_request",
]
