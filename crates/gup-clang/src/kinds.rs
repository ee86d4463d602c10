//! libclang's numeric kinds as enums. What the front end does not tell apart is `Other` with the number.

use clang_sys::*;

macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident from $raw:ident { $($(#[$vdoc:meta])* $variant:ident = $value:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
            Other(i32),
        }

        impl $name {
            pub(crate) fn of(raw: $raw) -> $name {
                match raw {
                    $($value => $name::$variant,)+
                    other => $name::Other(other as i32),
                }
            }
        }
    };
}

kinds! {
    /// What a cursor stands for.
    CursorKind from CXCursorKind {
        StructDecl = CXCursor_StructDecl,
        UnionDecl = CXCursor_UnionDecl,
        EnumDecl = CXCursor_EnumDecl,
        FieldDecl = CXCursor_FieldDecl,
        EnumConstantDecl = CXCursor_EnumConstantDecl,
        FunctionDecl = CXCursor_FunctionDecl,
        VarDecl = CXCursor_VarDecl,
        ParmDecl = CXCursor_ParmDecl,
        TypedefDecl = CXCursor_TypedefDecl,
        UnexposedDecl = CXCursor_UnexposedDecl,
        StaticAssert = CXCursor_StaticAssert,
        TypeRef = CXCursor_TypeRef,
        MemberRef = CXCursor_MemberRef,
        LabelRef = CXCursor_LabelRef,
        UnexposedExpr = CXCursor_UnexposedExpr,
        DeclRefExpr = CXCursor_DeclRefExpr,
        MemberRefExpr = CXCursor_MemberRefExpr,
        CallExpr = CXCursor_CallExpr,
        IntegerLiteral = CXCursor_IntegerLiteral,
        FloatingLiteral = CXCursor_FloatingLiteral,
        StringLiteral = CXCursor_StringLiteral,
        CharacterLiteral = CXCursor_CharacterLiteral,
        ParenExpr = CXCursor_ParenExpr,
        UnaryOperator = CXCursor_UnaryOperator,
        ArraySubscriptExpr = CXCursor_ArraySubscriptExpr,
        BinaryOperator = CXCursor_BinaryOperator,
        CompoundAssignOperator = CXCursor_CompoundAssignOperator,
        ConditionalOperator = CXCursor_ConditionalOperator,
        CStyleCastExpr = CXCursor_CStyleCastExpr,
        CompoundLiteralExpr = CXCursor_CompoundLiteralExpr,
        InitListExpr = CXCursor_InitListExpr,
        AddrLabelExpr = CXCursor_AddrLabelExpr,
        StmtExpr = CXCursor_StmtExpr,
        GenericSelectionExpr = CXCursor_GenericSelectionExpr,
        /// `sizeof`, `_Alignof` and their kin.
        TraitExpr = CXCursor_UnaryExpr,
        UnexposedStmt = CXCursor_UnexposedStmt,
        LabelStmt = CXCursor_LabelStmt,
        CompoundStmt = CXCursor_CompoundStmt,
        CaseStmt = CXCursor_CaseStmt,
        DefaultStmt = CXCursor_DefaultStmt,
        IfStmt = CXCursor_IfStmt,
        SwitchStmt = CXCursor_SwitchStmt,
        WhileStmt = CXCursor_WhileStmt,
        DoStmt = CXCursor_DoStmt,
        ForStmt = CXCursor_ForStmt,
        GotoStmt = CXCursor_GotoStmt,
        IndirectGotoStmt = CXCursor_IndirectGotoStmt,
        ContinueStmt = CXCursor_ContinueStmt,
        BreakStmt = CXCursor_BreakStmt,
        ReturnStmt = CXCursor_ReturnStmt,
        AsmStmt = CXCursor_AsmStmt,
        NullStmt = CXCursor_NullStmt,
        DeclStmt = CXCursor_DeclStmt,
        UnexposedAttr = CXCursor_UnexposedAttr,
    }
}

impl CursorKind {
    /// Whether this is a statement that is no expression.
    pub fn is_statement(self) -> bool {
        use CursorKind::*;
        matches!(
            self,
            UnexposedStmt
                | LabelStmt
                | CompoundStmt
                | CaseStmt
                | DefaultStmt
                | IfStmt
                | SwitchStmt
                | WhileStmt
                | DoStmt
                | ForStmt
                | GotoStmt
                | IndirectGotoStmt
                | ContinueStmt
                | BreakStmt
                | ReturnStmt
                | AsmStmt
                | NullStmt
                | DeclStmt
        )
    }

    /// Attributes have the numbers 400 to 499.
    pub fn is_attribute(self) -> bool {
        self == CursorKind::UnexposedAttr || matches!(self, CursorKind::Other(400..=499))
    }
}

kinds! {
    /// What a type is. Ask for the canonical type first.
    TypeKind from CXTypeKind {
        Void = CXType_Void,
        Bool = CXType_Bool,
        CharU = CXType_Char_U,
        UChar = CXType_UChar,
        Char16 = CXType_Char16,
        Char32 = CXType_Char32,
        UShort = CXType_UShort,
        UInt = CXType_UInt,
        ULong = CXType_ULong,
        ULongLong = CXType_ULongLong,
        UInt128 = CXType_UInt128,
        CharS = CXType_Char_S,
        SChar = CXType_SChar,
        WChar = CXType_WChar,
        Short = CXType_Short,
        Int = CXType_Int,
        Long = CXType_Long,
        LongLong = CXType_LongLong,
        Int128 = CXType_Int128,
        Float = CXType_Float,
        Double = CXType_Double,
        LongDouble = CXType_LongDouble,
        Pointer = CXType_Pointer,
        BlockPointer = CXType_BlockPointer,
        Record = CXType_Record,
        Enum = CXType_Enum,
        FunctionNoProto = CXType_FunctionNoProto,
        FunctionProto = CXType_FunctionProto,
        ConstantArray = CXType_ConstantArray,
        IncompleteArray = CXType_IncompleteArray,
        VariableArray = CXType_VariableArray,
        Vector = CXType_Vector,
        Invalid = CXType_Invalid,
    }
}

kinds! {
    /// Binary operators, assignments included.
    BinaryOperator from CXBinaryOperatorKind {
        Mul = CXBinaryOperator_Mul,
        Div = CXBinaryOperator_Div,
        Rem = CXBinaryOperator_Rem,
        Add = CXBinaryOperator_Add,
        Sub = CXBinaryOperator_Sub,
        Shl = CXBinaryOperator_Shl,
        Shr = CXBinaryOperator_Shr,
        Lt = CXBinaryOperator_LT,
        Gt = CXBinaryOperator_GT,
        Le = CXBinaryOperator_LE,
        Ge = CXBinaryOperator_GE,
        Eq = CXBinaryOperator_EQ,
        Ne = CXBinaryOperator_NE,
        And = CXBinaryOperator_And,
        Xor = CXBinaryOperator_Xor,
        Or = CXBinaryOperator_Or,
        LogicalAnd = CXBinaryOperator_LAnd,
        LogicalOr = CXBinaryOperator_LOr,
        Assign = CXBinaryOperator_Assign,
        MulAssign = CXBinaryOperator_MulAssign,
        DivAssign = CXBinaryOperator_DivAssign,
        RemAssign = CXBinaryOperator_RemAssign,
        AddAssign = CXBinaryOperator_AddAssign,
        SubAssign = CXBinaryOperator_SubAssign,
        ShlAssign = CXBinaryOperator_ShlAssign,
        ShrAssign = CXBinaryOperator_ShrAssign,
        AndAssign = CXBinaryOperator_AndAssign,
        XorAssign = CXBinaryOperator_XorAssign,
        OrAssign = CXBinaryOperator_OrAssign,
        Comma = CXBinaryOperator_Comma,
    }
}

kinds! {
    /// Unary operators.
    UnaryOperator from CXUnaryOperatorKind {
        PostInc = CXUnaryOperator_PostInc,
        PostDec = CXUnaryOperator_PostDec,
        PreInc = CXUnaryOperator_PreInc,
        PreDec = CXUnaryOperator_PreDec,
        AddrOf = CXUnaryOperator_AddrOf,
        Deref = CXUnaryOperator_Deref,
        Plus = CXUnaryOperator_Plus,
        Minus = CXUnaryOperator_Minus,
        Not = CXUnaryOperator_Not,
        LogicalNot = CXUnaryOperator_LNot,
        Extension = CXUnaryOperator_Extension,
    }
}
